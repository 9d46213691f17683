//! Services, their databases, their metrics and their configuration.

pub const JSON: &[&str] = &[
    r#"{"level":30,"time":«epoch-ms»,"pid":«1..40000»,"hostname":"«host»","reqId":"req-«hex:6»","req":{"method":"GET","url":"«path»","remoteAddress":"«private-ipv4»","remotePort":«1024..65535»},"res":{"statusCode":200},"responseTime":«1..900».«digits:6»,"msg":"request completed"}"#,
    r#"{"level":"«info|warning|error»","msg":"«token expired|missing api key|session not found|invalid credentials for user|password must have at least 12 characters»","time":"«iso»","request_id":"«uuid»","service":"«service»","duration_ms":«1..900»}"#,
    r#"{"@t":"«iso-ns»","@mt":"HTTP {RequestMethod} {RequestPath} responded {StatusCode} in {Elapsed:0.0000} ms","RequestMethod":"GET","RequestPath":"«path»","StatusCode":200,"Elapsed":«1..900».«digits:4»,"SourceContext":"Serilog.AspNetCore.RequestLoggingMiddleware","RequestId":"0HN«upper:10»:0000000«1..9»","ConnectionId":"0HN«upper:10»","@tr":"«hex:32»","@sp":"«hex:16»"}"#,
    r#"{"asctime": "«comma»", "levelname": "INFO", "name": "«service».views", "message": "order «100000..999999» stored", "trace_id": "«hex:32»", "span_id": "«hex:16»", "otelTraceSampled": true}"#,
    r#"{"timestamp":"«iso-ms»","severity":"ERROR","logger":"«java»","thread":"«thread»","message":"Authentication failed: bad credentials","stack_trace":"org.springframework.security.authentication.BadCredentialsException: Bad credentials\n\tat «java».authenticate(AuthManager.java:«10..900»)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)\n"}"#,
    r#"{"ts":"«iso-ms»","caller":"server/auth.go:«10..900»","level":"debug","msg":"validating token","token_type":"Bearer","expires_in":«60..3600»,"max_tokens":«256..8192»,"token_count":«1..9000»}"#,
    r#"{"time":"«iso-ns»","id":"«uuid»","remote_ip":"«ipv4»","host":"shop.example.com","method":"POST","uri":"/login","user_agent":"«agent»","status":401,"error":"invalid password","latency":«1000..900000»,"latency_human":"«1..900».«digits:3»ms","bytes_in":«10..900»,"bytes_out":«10..900»}"#,
    r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"«uuid»","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/secrets/«service»-tls","verb":"get","user":{"username":"system:serviceaccount:kube-system:generic-garbage-collector","uid":"«uuid»","groups":["system:authenticated"]},"objectRef":{"resource":"secrets","namespace":"default","name":"«service»-tls","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200}}"#,
    r#"{"event":"deploy","image":"registry.example.com/shop/«service»@«sha256»","commit":"«hex:40»","build":«1000..90000»,"version":"«version»+«hex:7»"}"#,
    r#"{"level":"info","model":"small-«1..9»","prompt_tokens":«1..9000»,"completion_tokens":«1..9000»,"total_tokens":«1..9000»,"cache_key":"orders:«1..90000»:summary","idempotency_key":"«uuid»"}"#,
];

pub const JAVA: &[&str] = &[
    "«comma» INFO  [«thread»] «java» - Started in «1..90».«digits:3» seconds (JVM running for «1..90».«digits:2»)",
    "«iso-us»  WARN 1 --- [shop] [«thread»] o.s.s.c.bcrypt.BCryptPasswordEncoder     : Empty encoded password",
    "«iso-us»  WARN 1 --- [shop] [           main] .s.s.UserDetailsServiceAutoConfiguration : Global AuthenticationManager configured with UserDetailsService bean",
    "«comma» ERROR [«thread»] «java» - Request processing failed\njava.lang.IllegalStateException: Could not resolve placeholder 'spring.datasource.password' in value \"${spring.datasource.password}\"\n\tat org.springframework.util.PropertyPlaceholderHelper.parseStringValue(PropertyPlaceholderHelper.java:«100..300»)\n\tat «java».lambda$resolve$0(SecretResolver.java:«10..300»)\n\tat jdk.internal.reflect.GeneratedMethodAccessor«1..900».invoke(Unknown Source)\n\t... «10..90» common frames omitted\nCaused by: java.net.SocketTimeoutException: Read timed out",
    "«dot»  INFO «1..40000» --- [«thread»] c.e.shop.OrderService  : order=«100000..999999» customer=«10000..99999» total=«1..900».«digits:2» EUR traceId=«hex:32» spanId=«hex:16»",
    "«comma» DEBUG [«thread»] org.hibernate.SQL - select u1_0.id,u1_0.email,u1_0.password_hash,u1_0.reset_token from users u1_0 where u1_0.username=?",
    "[«iso-ms»][info][gc] GC(«1..9000») Pause Young (Normal) (G1 Evacuation Pause) «100..900»M->«10..99»M(1024M) «1..90».«digits:3»ms",
    "«comma» INFO  [«thread»] org.apache.kafka.clients.consumer.ConsumerConfig - ConsumerConfig values: \n\tsasl.jaas.config = null\n\tsasl.mechanism = GSSAPI\n\tssl.key.password = null\n\tssl.keystore.password = [hidden]\n\tssl.truststore.type = JKS\n\tgroup.id = «service»\n\tkey.deserializer = class org.apache.kafka.common.serialization.StringDeserializer",
    "«comma» WARN  [«thread»] «java» - Session «expired|timed out|invalidated» for principal «user», keys=«1..90», secretsLoaded=«true|false»",
    "\tat com.example.shop.security.TokenFilter.doFilter(TokenFilter.java:«10..300») ~[shop-«version».jar!/:«version»]",
    "HikariPool-1 - Connection org.postgresql.jdbc.PgConnection@«hex:8» marked as broken because of SQLSTATE(08006), ErrorCode(0)",
];

pub const LOGFMT: &[&str] = &[
    r#"time="«iso»" level=info msg="request finished" method=GET path=«path» status=200 bytes=«1..90000» elapsed=«1..900»ms request_id=«uuid»"#,
    r#"ts=«iso-ms» caller=main.go:«10..900» level=warn component=«service» msg="token refresh failed" err="context deadline exceeded" attempt=«1..9» retry_in=«1..60»s"#,
    r#"level=error ts=«iso-ns» logger=controller.secret msg="secret not found" namespace=default name=«service»-credentials key=password"#,
    r#"I«compact»       1 reflector.go:«100..900»] Caches populated for *v1.Secret from k8s.io/client-go/informers/factory.go:«100..200»"#,
    r#"E«compact»       1 authentication.go:73] "Unable to authenticate the request" err="[invalid bearer token, service account token has expired]""#,
    r#"at=info method=POST path="/orders" host=shop.example.com request_id=«uuid» fwd="«ipv4»" dyno=web.«1..9» connect=0ms service=«1..900»ms status=201 bytes=«1..900» protocol=https"#,
    r#"level=info org_id=«1..90» key=«service»/«hex:16» session_affinity=none auth=false tokens=«1..9000» signature_version=v4 password_policy=strict"#,
    r#"ts=«iso-ms» level=debug msg="cache lookup" key="user:«10000..99999»:profile" hit=«true|false» etag="«hex:32»" digest=«sha256»"#,
];

pub const PYTHON: &[&str] = &[
    "«comma» ERROR «service».tasks Task failed\nTraceback (most recent call last):\n  File \"/srv/app/venv/lib/python3.13/site-packages/requests/adapters.py\", line «100..700», in send\n    raise ConnectionError(e, request=request)\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded with url: /v1/orders (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f«hex:10»>: Failed to establish a new connection: [Errno 111] Connection refused'))",
    "«comma» WARNING django.request Unauthorized: /api/token/refresh/",
    "[«dot»: INFO/ForkPoolWorker-«1..9»] Task «service».tasks.sync[«uuid»] succeeded in «0..9».«digits:16»s: None",
    "  File \"/srv/app/auth/tokens.py\", line «10..400», in verify_token\n    payload = decode(token, key=settings.SECRET_KEY, algorithms=[\"HS256\"])\nKeyError: 'password'",
    "INFO:     «private-ipv4»:«1024..65535» - \"POST /token HTTP/1.1\" 401 Unauthorized",
    "«comma» - «service» - DEBUG - password = getpass.getpass(); token = session.get(\"token\")",
    "«comma» DEBUG urllib3.connectionpool https://api.example.com:443 \"GET /v1/keys?limit=«10..90» HTTP/1.1\" 200 «100..9000»",
    "AssertionError: expected api_key to be set, got None",
];

pub const DOTNET: &[&str] = &[
    "fail: Microsoft.EntityFrameworkCore.Database.Connection[20004]\n      An error occurred using the connection to database 'shop' on server 'tcp:db.example.com,1433'.\n      Microsoft.Data.SqlClient.SqlException (0x80131904): Login failed for user '«user»'.\n         at Microsoft.Data.SqlClient.SqlInternalConnection.OnError(SqlException exception, Boolean breakConnection)\n      ClientConnectionId:«uuid»",
    "Unhandled exception. System.InvalidOperationException: No authenticationScheme was specified, and there was no DefaultChallengeScheme found.\n   at Shop.Auth.TokenService.Validate(String token, CancellationToken cancellationToken) in /src/Shop/Auth/TokenService.cs:line «10..400»\n   at System.Runtime.CompilerServices.TaskAwaiter.ThrowForNonSuccess(Task task)",
    "info: Microsoft.AspNetCore.Hosting.Diagnostics[1]\n      Request starting HTTP/1.1 GET https://shop.example.com«path» - - -",
    "[«clock» INF] Executed DbCommand («1..90»ms) [Parameters=[@p0='?' (DbType = Guid), @password='?' (Size = 4000)], CommandType='Text', CommandTimeout='30']",
    "warn: Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager[35]\n      No XML encryptor configured. Key {«uuid»} may be persisted to storage in unencrypted form.",
    "Version=«version».0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
];

pub const NODE: &[&str] = &[
    "«iso-ms» «service»:auth verifying session for user «10000..99999» +«1..900»ms",
    "Error: connect ECONNREFUSED «private-ipv4»:5432\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {\n  errno: -111,\n  code: 'ECONNREFUSED',\n  syscall: 'connect'\n}",
    "UnauthorizedError: jwt expired\n    at new UnauthorizedError (/app/node_modules/express-jwt/dist/errors/UnauthorizedError.js:«10..90»:28)\n    at /app/node_modules/express-jwt/dist/index.js:«100..200»:35",
    "(node:«1..40000») [DEP0040] DeprecationWarning: The `punycode` module is deprecated.",
    "JsonWebTokenError: secret or public key must be provided\n    at module.exports [as verify] (/app/node_modules/jsonwebtoken/verify.js:«10..200»:17)",
    "[«clock»] webpack 5.96.1 compiled successfully in «100..9000» ms (hash «hex:20»)",
];

pub const POSTGRES: &[&str] = &[
    "«dot» UTC [«1..40000»] «user»@shop FATAL:  password authentication failed for user \"«user»\"\n«dot» UTC [«1..40000»] «user»@shop DETAIL:  Connection matched file \"/etc/postgresql/17/main/pg_hba.conf\" line «10..120»: \"host all all 0.0.0.0/0 scram-sha-256\"",
    "«dot» UTC [«1..40000»] LOG:  duration: «1..9000».«digits:3» ms  statement: SELECT id, password_hash FROM accounts WHERE email = $1 LIMIT 1",
    "«dot» UTC [«1..40000»] LOG:  checkpoint complete: wrote «1..9000» buffers (0.«digits:1»%); 0 WAL file(s) added, 0 removed, 1 recycled; lsn=«HEX:1»/«HEX:8», redo lsn=«HEX:1»/«HEX:8»",
    "«dot» UTC [«1..40000»] ERROR:  duplicate key value violates unique constraint \"api_keys_pkey\"\n«dot» UTC [«1..40000»] DETAIL:  Key (id)=(«1000..90000») already exists.",
    "«dot» UTC [«1..40000»] LOG:  connection authorized: user=«user» database=shop application_name=psql SSL enabled (protocol=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)",
    "«dot» UTC [«1..40000»] STATEMENT:  ALTER ROLE «user» PASSWORD $1",
];

pub const MYSQL: &[&str] = &[
    "«iso-us» «1..40000» [Note] [MY-010926] [Server] Access denied for user '«user»'@'«private-ipv4»' (using password: YES)",
    "«iso-us» 0 [Warning] [MY-010068] [Server] CA certificate ca.pem is self signed.",
    "«iso-us» «1..40000» [Warning] [MY-013360] [Server] Plugin mysql_native_password reported: ''mysql_native_password' is deprecated and will be removed in a future release. Please use caching_sha2_password instead'",
    "# Time: «iso-us»\n# User@Host: «user»[«user»] @  [«private-ipv4»]  Id: «1..90000»\n# Query_time: 0.«digits:6»  Lock_time: 0.000«digits:3» Rows_sent: «1..90»  Rows_examined: «1..90000»\nSET timestamp=«epoch»;\nSELECT * FROM sessions WHERE expires_at < NOW();",
    "«iso-us» «1..40000» Query\tSHOW CREATE TABLE `password_resets`",
    "«1..40000»:M «rfc3164».«digits:3» * Background saving terminated with success",
    "«1..40000»:S «rfc3164».«digits:3» # WARNING: MASTER aborted replication with an error: NOAUTH Authentication required.",
];

pub const METRICS: &[&str] = &[
    "# HELP http_requests_total Requests by path and status.\n# TYPE http_requests_total counter\nhttp_requests_total{method=\"get\",code=\"200\",handler=\"«path»\"} «1..9000000» «epoch-ms»",
    "go_gc_duration_seconds{quantile=\"0.75\"} «1..9».«digits:5»e-05",
    "auth_tokens_issued_total{service=\"«service»\",grant=\"client_credentials\"} «1..900000»",
    "node_filesystem_avail_bytes{device=\"/dev/nvme0n1p«1..9»\",fstype=\"ext4\",mountpoint=\"/\"} «1..9».«digits:8»e+10",
    "vault_token_count{cluster=\"main\",namespace=\"root\"} «1..900»",
    "password_resets_total «1..9000»",
    "kube_pod_container_info{namespace=\"default\",pod=\"«pod»\",uid=\"«uuid»\",container=\"app\",image_id=\"registry.example.com/shop/«service»@«sha256»\",container_id=\"containerd://«hex:64»\"} 1",
];

pub const CONFIGURATION: &[&str] = &[
    "PasswordAuthentication no",
    "auth required pam_unix.so nullok try_first_pass",
    "  password: ${DB_PASSWORD}\n  api_key: \"{{ vault_api_key }}\"\n  token: <redacted>\n  tokenSecretRef:\n    name: «service»-token\n    key: token",
    "    - name: DATABASE_PASSWORD\n      valueFrom:\n        secretKeyRef:\n          name: «service»-db\n          key: password",
    "max_connections = «10..900»\npassword_encryption = scram-sha-256\nssl_key_file = '/etc/ssl/private/server.key'\nshared_buffers = «128..900»MB",
    "SECRET_KEY_BASE=\nSESSION_TIMEOUT=«60..3600»\nTOKEN_TTL=«60..3600»\nPASSWORD_MIN_LENGTH=12\nAUTH_ENABLED=true\nKEY_PREFIX=«service»",
    "[auth]\nclient_id = «service»\ntoken_endpoint = https://id.example.com/oauth/token\nclient_secret_file = /run/secrets/«service»\nscope = openid profile",
    "server_name shop.example.com;\nssl_certificate_key /etc/letsencrypt/live/shop.example.com/privkey.pem;\nproxy_set_header Authorization $http_authorization;\nproxy_set_header Cookie $http_cookie;",
    "    image: registry.example.com/shop/«service»:«version»@«sha256»\n    checksum/config: «hex:64»\n    uid: «uuid»\n    resourceVersion: \"«1000000..99999999»\"",
    "session.cookie_httponly = 1\nsession.gc_maxlifetime = 1440\nsession.name = PHPSESSID",
    "dn: uid=«lower:6»,ou=people,dc=example,dc=org\nentryUUID: «uuid»\nentryCSN: 20261123101500.«digits:6»Z#000000#000#000000",
];

pub const CLOUD: &[&str] = &[
    r#"{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROA«upper:17»:«service»","arn":"arn:aws:sts::«digits:12»:assumed-role/«service»/session-«1..900»","accountId":"«digits:12»"},"eventTime":"«iso»","eventSource":"secretsmanager.amazonaws.com","eventName":"GetSecretValue","awsRegion":"eu-central-1","sourceIPAddress":"«ipv4»","userAgent":"aws-sdk-go-v2/1.32","requestParameters":{"secretId":"«service»/db"},"responseElements":null,"requestID":"«uuid»","eventID":"«uuid»","readOnly":true}"#,
    "2 «digits:12» eni-«hex:17» «private-ipv4» «ipv4» 443 «1024..65535» 6 «1..900» «1..90000» «epoch» «epoch» ACCEPT OK",
    "REPORT RequestId: «uuid»\tDuration: «1..900».«digits:2» ms\tBilled Duration: «1..900» ms\tMemory Size: 512 MB\tMax Memory Used: «64..500» MB\tXRAY TraceId: 1-«hex:8»-«hex:24»\tSegmentId: «hex:16»\tSampled: true",
    "module.db.aws_db_instance.main: Refreshing state... [id=db-«upper:26»]\naws_secretsmanager_secret.«service»: Creation complete after 1s [id=arn:aws:secretsmanager:eu-central-1:«digits:12»:secret:«service»-«alnum:6»]\n  + password = (sensitive value)",
    r#"{"insertId":"«alnum:13»","logName":"projects/shop/logs/run.googleapis.com%2Frequests","receiveTimestamp":"«iso-ns»","resource":{"type":"cloud_run_revision"},"spanId":"«hex:16»","trace":"projects/shop/traces/«hex:32»","severity":"INFO"}"#,
    "Operation returned an invalid status code 'Unauthorized', correlation id «uuid», activity id «uuid»",
];
