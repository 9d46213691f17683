//! Lines that are full of near misses: every one sends the engine looking, and there is nothing to find, or hardly.

use super::logs::Logs;

const NEAR_MISSES: &[&str] = &[
    "api_key= secret= token= password= passwd= auth= bearer basic key= pwd= credential= api-key: access_token: client_secret:",
    "password: null, token: <none>, secret: true, api_key: ${API_KEY}, auth: {{ auth }}, key: %KEY%, pwd: ********",
    "«1..999».«1..99999».«300..999».«1..99» «256..900».«256..900».«1..9».«1..9» v«version».«1..90» 1.2.3 4.5.6.7.8 «digits:3».«digits:3».«digits:3»",
    "«hex:2»:«hex:2»:«hex:2»:«hex:2» «digits:2»:«digits:2»:«digits:2».«digits:3» a::b::c std::io::Error::new «hex:4»:«hex:4»:«hex:4» ::: 12:: ::x",
    "a@b @host user@ @@ «lower:6»@«lower:4» name@localhost x@y@z @«lower:5».«lower:3» «lower:5»@.com mail@-a.de",
    "eyJ eyJh eyJ0eXAi. eyJ«alnum:4». .eyJ ey. ey eyJ«alnum:6».eyJ. keyJx moneyJar theyJoin eyJ..eyJ",
    "-----BEGIN -----BEGIN CERTIFICATE REQUEST----- -----BEGIN PUBLIC KEY----- BEGIN PRIVATE ----BEGIN RSA PRIVATE KEY---- -----END -----",
    "«base64:24» «base64:30» «base64url:33» «alnum:40» «hex:40» «hex:64» «alnum:20» «HEX:32»",
    "%41%42%43 %3D%3d %25%32%35 100%zz %u0041 \\u0041\\x41\\101 &#65;&amp;&#x41; %E2%82%AC +%2B+ %ff%00",
    "ghp_ gho_ github_pat_ glpat- xoxb- sk_live_ AKIA ASIA AIza SG. npm_ hvs. dop_v1_ ghp_«alnum:12» AKIA«upper:9» sk_live_x",
    "https://@example.com http://:@x postgres://user@db.example.com/ redis://:@cache jdbc:mysql://host/db?user= amqp://x:@y ftp://",
    "Authorization: Authorization: Basic Bearer Cookie: Set-Cookie: X-Api-Key: Proxy-Authorization: Digest realm= nonce=",
    "{\"password\":\"\",\"token\":null,\"secret\":\"***\",\"api_key\":false,\"auth\":[],\"key\":{},\"credential\":\"<redacted>\"}",
    "4«digits:15» 5«digits:15» «digits:4»-«digits:4»-«digits:4»-«digits:4» DE«digits:20» GB«digits:2»WEST«digits:14» «digits:3»-«digits:2»-«digits:4» +«digits:3»",
    "-----BEGIN|%41|eyJ|@|api_key=|10.|::|token:|AKIA|=«alnum:8»==|password|«digits:3».«digits:3».|secret|Bearer|ey|key|auth|sk",
];

/// An endless text of them.
pub fn logs(seed: u64) -> Logs {
    Logs::of(seed, vec![NEAR_MISSES.to_vec()])
}
