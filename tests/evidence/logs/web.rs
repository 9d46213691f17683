//! Web servers, proxies and clients.

pub const ACCESS: &[&str] = &[
    r#"«ipv4» - - [«clf»] "«GET|POST|PUT|DELETE|HEAD» «path» HTTP/1.1" «200|201|204|301|304|400|404|500» «0..900000» "-" "«agent»""#,
    r#"«ipv4» - «user» [«clf»] "GET «path»?page=«1..90»&limit=«10|25|100»&sort=-created_at HTTP/2.0" 200 «0..90000» "https://shop.example.com/catalog?category=«1..90»" "«agent»" rt=0.«digits:3» uct=0.001 urt=0.«digits:3»"#,
    r#"«ipv6» - - [«clf»] "GET /static/js/app.«hex:8».chunk.js HTTP/2.0" 200 «0..900000» "https://shop.example.com/" "«agent»" "-" req_id=«hex:32»"#,
    r#"«private-ipv4» - - [«clf»] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.31""#,
    r#"«ipv4» - - [«clf»] "POST /oauth/token HTTP/1.1" «200|400|401» «90..900» "-" "«agent»""#,
    r#"«ipv4» - - [«clf»] "GET /account/reset-password HTTP/1.1" 302 0 "https://shop.example.com/login?next=%2Faccount%2Fsettings" "«agent»""#,
    r#"«ipv4» - - [«clf»] "GET /search?q=blue%20shirt%20size%3AL&utm_source=newsletter&utm_campaign=november_«1..90» HTTP/1.1" 200 «0..90000» "-" "«agent»""#,
    r#"«ipv4» - - [«clf»] "GET /assets/fonts/inter-«hex:10».woff2?v=«version» HTTP/1.1" 304 0 "-" "«agent»""#,
    r#"shop.example.com:443 «ipv4» - - [«clf»] "GET /wp-login.php HTTP/1.1" 404 «100..900» "-" "«agent»" TLSv1.3 TLS_AES_256_GCM_SHA384"#,
    r#"«ipv4» - - [«clf»] "GET /download/report-«day».pdf?order=«1000000..9999999»&lang=de HTTP/1.1" 206 «0..900000» "-" "«agent»""#,
];

pub const NGINX_ERROR: &[&str] = &[
    r#"«slashes» [error] «100..40000»#0: *«1..9000000» connect() failed (111: Connection refused) while connecting to upstream, client: «ipv4», server: shop.example.com, request: "GET «path» HTTP/1.1", upstream: "http://«private-ipv4»:8080«path»", host: "shop.example.com""#,
    r#"«slashes» [warn] «100..40000»#0: *«1..9000000» a client request body is buffered to a temporary file /var/cache/nginx/client_temp/00000«10000..99999», client: «ipv4», server: _, request: "POST /upload HTTP/1.1""#,
    r#"«slashes» [error] «100..40000»#0: *«1..9000000» user "«user»" was not found in "/etc/nginx/.htpasswd", client: «ipv4», server: intern.example.com, request: "GET / HTTP/1.1""#,
    r#"«slashes» [error] «100..40000»#0: *«1..9000000» no user/password was provided for basic authentication, client: «ipv4», server: intern.example.com"#,
    r#"«slashes» [crit] «100..40000»#0: *«1..9000000» SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL handshaking, client: «ipv4», server: 0.0.0.0:443"#,
    r#"[«clf»] [proxy_fcgi:error] [pid «100..40000»:tid 14012345678«1000..9999»] [client «ipv4»:«1024..65535»] AH01071: Got error 'Primary script unknown'"#,
    r#"«slashes» [notice] 1#1: signal 17 (SIGCHLD) received from «10..99»"#,
];

pub const IIS: &[&str] = &[
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken",
    "«day» «clock» «private-ipv4» GET /Default.aspx - 443 - «ipv4» Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64) 200 0 0 «1..900»",
    "«day» «clock» «private-ipv4» POST /api/Orders/Submit orderId=«10000..99999»&culture=de-DE 443 CORP\\«user» «ipv4» Mozilla/5.0+(Windows+NT+10.0) 200 0 0 «1..900»",
    "«day» «clock» «private-ipv4» GET /bundles/jquery v=«base64url:32» 443 - «ipv4» Mozilla/5.0+(Windows+NT+10.0) 304 0 0 «1..90»",
    "«day» «clock» «private-ipv4» GET /ScriptResource.axd d=«base64url:80»&t=ffffffff«hex:8» 443 - «ipv4» Mozilla/5.0 200 0 0 «1..90»",
    "«day» «clock» «private-ipv4» GET /Account/Login ReturnUrl=%2FAccount%2FManage 443 - «ipv4» Mozilla/5.0 401 2 5 «1..90»",
];

pub const HTTP_TRACE: &[&str] = &[
    "> «GET|POST» «path» HTTP/1.1\n> Host: shop.example.com\n> User-Agent: curl/8.9.1\n> Accept: */*\n> traceparent: «traceparent»\n> X-Request-Id: «uuid»\n< HTTP/1.1 200 OK\n< Date: «http-date»\n< Content-Type: application/json; charset=utf-8\n< ETag: W/\"«hex:4»-«base64url:20»\"\n< X-Trace-Id: «hex:32»\n< CF-RAY: «hex:16»-FRA\n< Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "< WWW-Authenticate: Bearer realm=\"shop\", error=\"invalid_token\", error_description=\"The access token expired\"",
    "< WWW-Authenticate: Basic realm=\"Restricted\"",
    "< Access-Control-Allow-Headers: Authorization, Content-Type, X-CSRF-Token, X-Api-Key",
    "< Content-Security-Policy: default-src 'self'; script-src 'self' 'sha256-«base64:32»'",
    "* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384 / x25519 / RSASSA-PSS\n*  subject: CN=shop.example.com\n*  start date: Nov  1 00:00:00 2026 GMT\n*  issuer: C=US; O=Let's Encrypt; CN=R11\n*  SSL certificate verify ok.",
    "> Accept-Encoding: gzip, deflate, br\n> Cache-Control: no-cache\n> If-None-Match: \"«hex:32»\"",
    "< X-Amz-Request-Id: «HEX:16»\n< X-Amz-Id-2: «base64:56»\n< Last-Modified: «http-date»\n< Content-MD5: «base64:16»\n< Digest: sha-256=«base64:32»",
    "Sec-WebSocket-Accept: «base64:20»",
    "< Set-Cookie: sid=; Max-Age=0; Path=/; HttpOnly",
];

pub const PROXY: &[&str] = &[
    "«rfc3164» «host» haproxy[«100..40000»]: «ipv4»:«1024..65535» [«clf»] https~ app/«host» 0/0/1/«1..900»/«1..900» 200 «100..90000» - - ---- 12/12/0/0/0 0/0 \"GET «path» HTTP/1.1\"",
    "[«iso-ms»] \"GET «path» HTTP/2\" 200 - via_upstream - \"-\" 0 «100..90000» «1..900» «1..900» \"«ipv4»\" \"«agent»\" \"«uuid»\" \"shop.example.com\" \"«private-ipv4»:8080\" outbound|8080||«service».default.svc.cluster.local «private-ipv4»:«1024..65535» «private-ipv4»:8080 «private-ipv4»:«1024..65535» - default",
    "time=\"«iso»\" level=warning msg=\"Error forwarding\" error=\"dial tcp «private-ipv4»:8080: connect: connection refused\" entryPointName=websecure routerName=«service»@kubernetescrd serviceName=default-«service»-8080",
    "«epoch».«digits:3»     «1..900» «ipv4» TCP_MISS/200 «100..90000» GET http://deb.example.org/dists/stable/InRelease - HIER_DIRECT/«ipv4» text/plain",
    "https «iso-us» app/shop-lb/«hex:16» «ipv4»:«1024..65535» «private-ipv4»:8080 0.000 0.«digits:3» 0.000 200 200 «100..900» «100..90000» \"GET https://shop.example.com:443«path» HTTP/2.0\" \"«agent»\" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:eu-central-1:«digits:12»:targetgroup/shop/«hex:16» \"Root=1-«hex:8»-«hex:24»\" \"shop.example.com\" \"-\" 0 «iso-us» \"forward\" \"-\" \"-\"",
];
