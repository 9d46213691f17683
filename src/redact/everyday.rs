//! Lines as any log holds them. A literal is looked for by those of its bytes that stand least in lines like these.

/// Everyday lines of several kinds of logs, none of them from anywhere. Digits and names stand for all of their kind.
pub(super) const EVERYDAY: &str = r#"
Jan  1 00:00:00 localhost systemd[1]: Started Session 12 of User root. Reached target Multi-User System. Stopped Network Service.
Feb 12 03:04:05 node-1 kernel: [ 1234.567890] eth0: link becomes ready, usb 1-1: new high-speed device, EXT4-fs mounted filesystem
Mar 23 10:15:09 db-2 sshd[999]: Connection closed by port 22 [preauth]; session opened for user by (uid=0); Failed to start
Apr 30 11:22:33 app-3 CRON[4567]: (root) CMD (command -v run-parts --report /etc/cron.daily || test -x /usr/sbin/anacron)
Sep 08 19:47:56 web-4 dhclient: DHCPREQUEST on eth0 to port 67, lease renewal in 1800 seconds, postfix/smtpd: connect from unknown
2024-06-07T08:09:10.123Z INFO [main] com.example.service.OrderService - Processing request id=4711 status=200 duration=35ms
2025-10-11 12:13:14,567 DEBUG [pool-2-thread-8] org.springframework.web.client.HttpClient - Response received in 12 ms, retry
2026-11-23 10:15:00.000 WARN  o.a.k.clients.consumer - Connection to node -1 could not be established. Broker may not be available.
2026-11-23T10:15:01+00:00 ERROR worker-7 Unhandled exception while processing message from queue, will be retried (attempt 3 of 5)
java.lang.IllegalStateException: could not execute statement; nested exception is java.io.IOException: Connection reset by peer
	at com.example.shop.controller.CartController.addItem(CartController.java:128)
	at org.apache.catalina.core.ApplicationFilterChain.doFilter(ApplicationFilterChain.java:166)
	at java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1144)
	at jdk.internal.reflect.DirectMethodHandleAccessor.invoke(Unknown Source) ... 42 more Caused by: Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/app/main.py", line 345, in handle_request return self.process(request, response) ValueError:
example.com - - [01/Jan/2025:00:00:00 +0000] "GET /index.html HTTP/1.1" 200 1234 "https://www.example.com/" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
- - [12/Jun/2026:23:59:59 +0200] "POST /api/v1/orders/12345/items HTTP/2.0" 304 0 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
- - [28/Feb/2026:06:07:08 -0500] "GET /static/js/main.0123abcd.chunk.js?v=1.2.3 HTTP/1.1" 404 153 "https://shop.example.org/products?page=2&sort=price" "curl/8.5.0"
- - [15/Aug/2026:16:17:18 +0000] "HEAD /health HTTP/1.0" 503 19 "-" "python-requests/2.31.0" "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148"
- - [15/Aug/2026:16:17:18 +0000] "GET /assets/images/logo.png HTTP/1.1" 206 99999 "http://localhost:8080/search?q=test&lang=en" "Googlebot/2.1 (+http://www.google.com/bot.html)" "kube-probe/1.30" "Go-http-client/1.1" "Prometheus/2.53.0"
{"timestamp":"2026-11-23T10:15:00.123456Z","level":"info","logger":"http.server","message":"request completed","method":"GET","path":"/v1/customers/1001","status":200,"duration_ms":12.5,"service":"checkout","version":"1.2.3","host":"app-1","trace":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
{"time":"2026-01-02T03:04:05Z","severity":"ERROR","msg":"failed to process event","error":"context deadline exceeded","component":"controller","namespace":"default","name":"web-5","attempt":2,"latency":"1.2s","user_agent":"okhttp/4.12.0","request":{"url":"https://api.example.net/orders","size":345,"type":"application/json"},"count":17,"items":[{"id":1,"price":19.99,"currency":"EUR","quantity":2}],"active":true,"created_at":"2026-01-02"}
level=info ts=2026-03-04T05:06:07.008Z caller=main.go:123 component=tsdb msg="Write block" mint=1700000000000 maxt=1700007200000 duration=1.5s
[notice] 12#12: start worker processes, signal process started [error] 34#34: *5678 upstream timed out (110: Connection timed out) while reading response header from upstream, client: , server: , request: , upstream:
[GC (Allocation Failure) 524288K->65536K(1048576K), 0.0123456 secs] [Times: user=0.05 sys=0.01, real=0.01 secs] G1 Evacuation Pause
UPDATE orders SET status = 'shipped', updated_at = now() WHERE id = 42; SELECT count(*) FROM table LEFT JOIN customers ON duration: 15.432 ms  execute LOG:  checkpoint complete: wrote 123 buffers (0.8%); statement: BEGIN
INFO: task kworker/0:1 blocked for more than 120 seconds. Out of memory: Killed process 1234 (java) total-vm:4096kB, CPU temperature above threshold, SMART Usage Attribute: 190 changed from 60 to 61
"#;
