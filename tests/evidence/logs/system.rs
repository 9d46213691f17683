//! Operating systems, containers, and the tools that one runs to look at them.

pub const SYSLOG: &[&str] = &[
    "«rfc3164» «host» sshd[«100..40000»]: Failed password for invalid user «user» from «ipv4» port «1024..65535» ssh2",
    "«rfc3164» «host» sshd[«100..40000»]: Accepted publickey for «user» from «ipv4» port «1024..65535» ssh2: ED25519 SHA256:«base64url:32»",
    "«rfc3164» «host» sudo[«100..40000»]: pam_unix(sudo:auth): authentication failure; logname=«user» uid=1000 euid=0 tty=/dev/pts/«0..9» ruser=«user» rhost=  user=«user»",
    "«rfc3164» «host» CRON[«100..40000»]: pam_unix(cron:session): session opened for user root(uid=0) by root(uid=0)",
    "<«1..190»>1 «iso-us» «host» «service» «100..40000» ID«1..90» [exampleSDID@32473 iut=\"3\" eventSource=\"Application\" eventID=\"«1000..9999»\"] an event of no importance",
    "«rfc3164» «host» systemd[1]: Starting dpkg-db-backup.service - Daily dpkg database backup service...",
    "«rfc3164» «host» dovecot: imap-login: Disconnected (auth failed, «1..9» attempts in «1..20» secs): user=<«email»>, method=PLAIN, rip=«ipv4», lip=«private-ipv4», TLS, session=<«base64:12»>",
    "«rfc3164» «host» postfix/smtpd[«100..40000»]: «HEX:10»: client=unknown[«ipv4»], sasl_method=LOGIN, sasl_username=«email»",
    "«rfc3164» «host» postfix/cleanup[«100..40000»]: «HEX:10»: message-id=<«digits:14».«alnum:8»@«host».example.com>",
    "«rfc3164» «host» postfix/qmgr[«100..40000»]: «HEX:10»: from=<«email»>, size=«1000..90000», nrcpt=1 (queue active)",
    "«rfc3164» «host» named[«100..40000»]: client @0x7f«hex:10» «ipv4»#«1024..65535» (example.org): query (cache) 'example.org/A/IN' denied",
    "«rfc3164» «host» dhclient[«100..40000»]: DHCPACK of «private-ipv4» from «private-ipv4» (xid=0x«hex:8»)",
    "«rfc3164» «host» gdm-password][«100..40000»]: gkr-pam: unlocked login keyring",
    "«rfc3164» «host» dbus-daemon[«100..40000»]: [system] Activating via systemd: service name='org.freedesktop.secrets' requested by ':1.«1..900»' (uid=1000 pid=«100..40000» comm=\"/usr/bin/gnome-keyring-daemon\")",
    "«rfc3164» «host» audit[«100..40000»]: USER_AUTH pid=«100..40000» uid=0 auid=4294967295 ses=4294967295 subj=unconfined msg='op=PAM:authentication grantors=? acct=\"«user»\" exe=\"/usr/sbin/sshd\" hostname=«ipv4» addr=«ipv4» terminal=ssh res=failed'",
];

pub const JOURNAL: &[&str] = &[
    "«iso-us» «host» systemd[1]: «service».service: Main process exited, code=exited, status=1/FAILURE",
    "«iso-us» «host» systemd[1]: «service».service: Consumed «1..90».«digits:3»s CPU time, «1..900».«1..9»M memory peak.",
    "«iso-us» «host» systemd-logind[«100..900»]: New session «1..9000» of user «user».",
    "«iso-us» «host» systemd-logind[«100..900»]: Session «1..9000» logged out. Waiting for processes to exit.",
    "«iso-us» «host» systemd-ask-password[«100..900»]: Starting password agent on console",
    "«iso-us» «host» kernel: audit: type=1400 audit(«epoch».«digits:3»:«1..9000»): apparmor=\"DENIED\" operation=\"open\" profile=\"/usr/sbin/cupsd\" name=\"/etc/shadow\" pid=«100..40000» comm=\"cupsd\" requested_mask=\"r\" denied_mask=\"r\"",
    "«iso-us» «host» dockerd[«100..900»]: time=\"«iso-ns»\" level=info msg=\"ignoring event\" container=«hex:64» module=libcontainerd namespace=moby topic=/tasks/delete type=\"*events.TaskDelete\"",
    "«iso-us» «host» NetworkManager[«100..900»]: <info>  [«epoch».«digits:4»] device (wlan0): Activation: (wifi) access point 'office' has security, but secrets are required.",
    "«iso-us» «host» boot_id=«hex:32» machine-id=«hex:32» invocation_id=«hex:32»",
    "«iso-us» «host» polkitd[«100..900»]: Registered Authentication Agent for unix-session:«1..90» (system bus name :1.«1..900» [/usr/bin/gnome-shell], object path /org/freedesktop/PolicyKit1/AuthenticationAgent, locale de_DE.UTF-8)",
    "[Unit]\nDescription=«service» worker\nAfter=network-online.target\n\n[Service]\nExecStart=/usr/bin/«service» --token-file /run/credentials/token --password-file=/etc/«service»/password --log-level info\nLoadCredential=token:/etc/«service»/token\nPrivateKeys=no\nRestart=on-failure",
];

pub const KERNEL: &[&str] = &[
    "[«uptime»] pci 0000:00:«10..31».«0..7»: [8086:«hex:4»] type 00 class 0x0«hex:5» conventional PCI endpoint",
    "[«uptime»] BIOS-e820: [mem 0x00000000«hex:8»-0x00000000«hex:8»] usable",
    "[«uptime»] EXT4-fs (nvme0n1p2): mounted filesystem «uuid» r/w with ordered data mode. Quota mode: none.",
    "[«uptime»] Loaded X.509 cert 'Debian Secure Boot CA: «hex:40»'",
    "[«uptime»] Key type dns_resolver registered",
    "[«uptime»] trusted_key: registered asymmetric key, id «hex:8»",
    "[«uptime»] usb 1-«1..9»: New USB device found, idVendor=046d, idProduct=c52b, bcdDevice=12.11\n[«uptime»] usb 1-«1..9»: New USB device strings: Mfr=1, Product=2, SerialNumber=0",
    "[«uptime»] Out of memory: Killed process «100..40000» (java) total-vm:«1000000..9000000»kB, anon-rss:«1000000..9000000»kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:«1000..9000»kB oom_score_adj:0",
    "[«uptime»] RIP: 0010:native_safe_halt+0xb/0x10\n[«uptime»] Code: «hex:2» «hex:2» «hex:2» «hex:2» «hex:2» «hex:2» <«hex:2»> «hex:2» «hex:2»\n[«uptime»] RAX: ffffffff«hex:8» RBX: ffff«hex:12» RCX: 0000000000000000",
    "[«uptime»] device-mapper: crypt: dm-0: INTEGRITY AEAD ERROR, sector «100000..999999»",
    "[«uptime»] TCP: request_sock_TCP: Possible SYN flooding on port 0.0.0.0:8080. Sending cookies.",
];

pub const WINDOWS: &[&str] = &[
    "Log Name:      Security\r\nSource:        Microsoft-Windows-Security-Auditing\r\nDate:          «iso»\r\nEvent ID:      4625\r\nTask Category: Logon\r\nKeywords:      Audit Failure\r\nDescription:\r\nAn account failed to log on.\r\n\r\nFailure Information:\r\n\tFailure Reason:\t\tUnknown user name or bad password.\r\n\tStatus:\t\t\t0xC000006D\r\n\tSub Status:\t\t0xC000006A\r\n\r\nDetailed Authentication Information:\r\n\tLogon Process:\t\tNtLmSsp \r\n\tAuthentication Package:\tNTLM\r\n\tKey Length:\t\t0\r",
    "«space», Info                  CBS    Loaded Servicing Stack v10.0.20348.«100..3000» with Core: C:\\Windows\\winsxs\\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.20348.«100..3000»_none_«hex:16»\\cbscore.dll\r",
    "«space»:«digits:3»\t«100..9000»\t«100..9000»\tAgent\tWU client succeeds in finding updates, UpdateId = {«uuid»}.«100..300»\r",
    "The Kerberos client received a KRB_AP_ERR_MODIFIED error from the server «host»$. The target name used was HTTP/intern.example.com.\r",
    "Faulting application name: w3wp.exe, version: 10.0.20348.1, time stamp: 0x«hex:8»\r\nFaulting module name: KERNELBASE.dll, version: 10.0.20348.«100..3000», time stamp: 0x«hex:8»\r\nException code: 0xe0434352\r\nFault offset: 0x00000000000«hex:5»\r\nReport Id: «uuid»\r",
    "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon: AutoAdminLogon=0, PasswordExpiryWarning=5, ProductId=00454-«digits:5»-«digits:5»-AA«digits:3»\r",
];

pub const CONTAINERS: &[&str] = &[
    "«iso-ns» stdout F «iso-ms» «service» ready, listening on 0.0.0.0:8080",
    "«iso-ns» stderr F level=error msg=\"failed to pull secret\" secret=default/«service»-tls err=\"secrets \\\"«service»-tls\\\" not found\"",
    "LAST SEEN   TYPE      REASON      OBJECT            MESSAGE\n«1..59»m         Warning   Failed      pod/«pod»   Failed to pull image \"registry.example.com/shop/«service»:«version»\": unauthorized: authentication required",
    "NAME       TYPE                                  DATA   AGE\n«service»-token-«lower:5»    kubernetes.io/service-account-token   3      «1..900»d\n«service»-tls   kubernetes.io/tls   2   «1..90»d",
    "«hex:12»   registry.example.com/shop/«service»:«version»   \"/docker-entrypoint.…\"   «1..23» hours ago   Up «1..23» hours   0.0.0.0:«1024..65535»->8080/tcp   «service»-1",
    "«version»: digest: «sha256» size: «1000..9000»",
    "#«1..40» [builder «1..9»/9] RUN --mount=type=secret,id=npmrc npm ci\n#«1..40» «sha256» «1..900».«digits:2»MB / «1..900».«digits:2»MB 0.«1..9»s done",
    "  Mounts:\n    /var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-«lower:5» (ro)\n    Container ID:  containerd://«hex:64»\n    Image ID:      registry.example.com/shop/«service»@«sha256»",
    "{\"log\":\"«iso-ms» INFO session store: redis at cache.default.svc:6379\\n\",\"stream\":\"stdout\",\"time\":\"«iso-ns»\"}",
    "time=\"«iso-ns»\" level=info msg=\"StartContainer for \\\"«hex:64»\\\" returns successfully\"",
];

pub const TOOLS: &[&str] = &[
    "Nmap scan report for «host».example.com («private-ipv4»)\nHost is up (0.00«digits:3»s latency).\nPORT     STATE SERVICE\n22/tcp   open  ssh\n3306/tcp open  mysql\n| ssl-cert: Subject: commonName=«host».example.com\n| Not valid after:  2027-02-01T00:00:00\n|_SHA-1: «hex:4» «hex:4» «hex:4» «hex:4» «hex:4» «hex:4» «hex:4» «hex:4» «hex:4» «hex:4»",
    "«1..9»: eth«0..9»: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000\n    inet «private-ipv4»/24 brd 10.0.0.255 scope global dynamic eth0\n       valid_lft «1000..90000»sec preferred_lft «1000..90000»sec",
    "ESTAB  0  0  «private-ipv4»:22  «private-ipv4»:«1024..65535»  users:((\"sshd\",pid=«100..40000»,fd=4))",
    "/dev/nvme0n1p2  «100000..9000000» «100000..9000000» «100000..9000000»  «1..99»% /",
    "«user» «100..40000»  0.«0..9»  1.«0..9» «100000..900000» «10000..90000» ?        Ssl  10:15   0:«10..59» /usr/bin/«service» --config /etc/«service»/config.yml --auth-mode none --keyring-backend file",
    "root       «100..900»  0.0  0.1  17224  8012 ?        Ss   09:00   0:00 sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
    "java    «100..40000» «user»  «10..900»u  IPv4 «1000000..9000000»      0t0  TCP «private-ipv4»:8080->«private-ipv4»:«1024..65535» (ESTABLISHED)",
    "default via 10.0.0.1 dev eth0 proto dhcp src «private-ipv4» metric 100",
    "-rw-r----- 1 root ssl-cert   1704 Nov 23 10:15 /etc/ssl/private/ssl-cert-snakeoil.key\n-rw------- 1 root root        411 Nov 23 10:15 /etc/ssh/ssh_host_ed25519_key",
    "UUID=«uuid» /boot ext4 defaults 0 2\nsda1 8:1 0 «1..900»G 0 part /",
    "«hex:64»  ./usr/share/doc/«service»/changelog.gz\n«hex:32»  usr/bin/passwd",
    "std::vector<std::__cxx11::basic_string<char>>::_M_realloc_insert at /usr/include/c++/14/bits/vector.tcc:«100..500»\ncore::ops::function::FnOnce::call_once{{vtable.shim}}::h«hex:16»",
    "64 bytes from «ipv4»: icmp_seq=«1..90» ttl=«40..60» time=«1..90».«digits:1» ms",
    "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n    inet6 ::1/128 scope host noprefixroute\n    inet6 fe80::«hex:4»:«hex:4»:fe«hex:2»:«hex:4»/64 scope link",
    ";; ANSWER SECTION:\nexample.org.\t\t«60..3600»\tIN\tTXT\t\"v=spf1 include:_spf.example.com ~all\"\nmail._domainkey.example.org. 300 IN TXT \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\"",
];
