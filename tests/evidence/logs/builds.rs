//! Package managers, compilers, test runs, version control.

pub const PACKAGES: &[&str] = &[
    "«space» status installed «deb»:amd64 «version»-«1..9»+deb13u«1..9»",
    "«space» upgrade «deb»:amd64 «version»-«1..9» «version»-«1..9»",
    "Start-Date: «day»  «clock»\nCommandline: apt-get install -y «deb»\nRequested-By: «user» (1000)\nInstall: «deb»:amd64 («version»-«1..9», automatic), libsecret-common:amd64 («version»-«1..9», automatic), dbus-user-session:amd64 («version»-«1..9»)\nEnd-Date: «day»  «clock»",
    "Get:«1..90» http://deb.example.org/debian trixie/main amd64 «deb» amd64 «version»-«1..9» [«10..900» kB]",
    "ii  «deb»  «version»-«1..9»  amd64  password and session handling, shared library",
    "Setting up «deb» («version»-«1..9») ...",
    "«iso» SUBDEBUG Installed: python3-keyring-«version»-«1..9».fc43.noarch",
    "    «crate» v«version»\n    Compiling «crate»-derive v«version»",
    "added «1..900» packages, and audited «1..900» packages in «1..59»s\n«1..90» packages are looking for funding",
    "      \"resolved\": \"https://registry.example.org/keygrip/-/keygrip-«version».tgz\",\n      \"integrity\": \"sha512-«base64:64»\",",
    "[[package]]\nname = \"«crate»\"\nversion = \"«version»\"\nchecksum = \"«hex:64»\"",
    "Collecting passlib==«version»\n  Downloading passlib-«version»-py2.py3-none-any.whl.metadata (1.7 kB)\n     --hash=sha256:«hex:64»",
    "github.com/golang-jwt/jwt/v5 v«version» h1:«base64:32»\ngithub.com/golang-jwt/jwt/v5 v«version»/go.mod h1:«base64:32»",
    "[INFO] Downloaded from central: https://repo.example.org/maven2/org/springframework/security/spring-security-crypto/«version»/spring-security-crypto-«version».jar («10..900» kB at «1..9».«1..9» MB/s)",
];

pub const BUILDS: &[&str] = &[
    "warning: unused variable: `token`\n  --> src/auth/session.rs:«10..400»:9\n   |\n«10..400» |     let token = self.tokens.next()?;\n   |         ^^^^^ help: if this is intentional, prefix it with an underscore: `_token`",
    "test auth::tests::a_wrong_password_is_refused ... ok\ntest keys::tests::secret_is_never_printed ... ok",
    "error[E0308]: mismatched types\n   --> src/secrets/mod.rs:«10..400»:«1..90»\n    |\n    = note: expected struct `Secret<String>` found `&str`",
    "commit «hex:40»\nAuthor: Jane Meyer <«email»>\nDate:   Mon Nov 23 10:15:00 2026 +0100\n\n    Rotate the session key after login (#«100..9000»)\n\n    The password prompt no longer echoes; token lifetime is now 15 minutes.",
    "index «hex:7»..«hex:7» 100644\n--- a/src/auth.rs\n+++ b/src/auth.rs\n@@ -«1..900»,7 +«1..900»,9 @@ fn check(password: &str) -> bool {\n-    let secret = config.secret.as_ref();\n+    let secret = config.secret.as_deref().unwrap_or(DEFAULT_SECRET);\n+    assert!(password.len() >= MIN_PASSWORD_LENGTH);",
    "   «hex:9»..«hex:9»  main       -> origin/main\n * [new tag]         v«version»     -> v«version»",
    "«iso-ns» ##[group]Run actions/checkout@«hex:40»\n«iso-ns» with:\n«iso-ns»   repository: example/shop\n«iso-ns»   token: ***\n«iso-ns»   persist-credentials: true",
    "«iso-ns» Masked environment: NPM_TOKEN=*** DEPLOY_KEY=[MASKED] PASSWORD=********",
    "npm error code E401\nnpm error Incorrect or missing password.\nnpm error If you were trying to login, change your password, create an\nnpm error authentication token or enable two-factor authentication then\nnpm error that means you likely typed your password in incorrectly.",
    "[ERROR] Failed to execute goal org.apache.maven.plugins:maven-deploy-plugin:«version»:deploy (default-deploy) on project shop: Failed to deploy artifacts: status code: 401, reason phrase: Unauthorized (401) -> [Help 1]",
    "[INFO] Tests run: «1..900», Failures: 0, Errors: 0, Skipped: 0, Time elapsed: «1..9».«digits:3» s -- in com.example.shop.auth.PasswordEncoderTest",
    "  CC      crypto/asymmetric_keys/x509_public_key.o\n  LD      security/keys/built-in.a\nmake[2]: *** [Makefile:«10..900»: keys] Error 1",
    "TASK [«service» : write the api token] ***\nok: [«host»] => {\"censored\": \"the output has been hidden due to the fact that 'no_log: true' was specified for this result\", \"changed\": false}",
    "    const { password, token } = await request.json(); // never logged\n    if (!token) throw new Error('missing token');\n    const key = `session:${id}`;",
    "    \"@aws-crypto/sha256-browser\": \"^«version»\",\n    \"jsonwebtoken\": \"^«version»\",\n    \"passport-local\": \"~«version»\",",
];
