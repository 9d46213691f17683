//! Logs without personal data: no address, no name, no secret. One line in four or so holds a word that rules look for, as
//! in the logs of the evidence; the others are the everyday lines of services and systems.

use super::logs::{Logs, applications, builds, system};

const SERVICES: &[&str] = &[
    "«comma» INFO  [«thread»] com.example.shop.«order|stock|price|cart».«OrderService|StockClient|PriceCache|CartController|JobRunner» - order «100000..999999» stored in «1..900» ms, «1..40» items, total «1..900».«digits:2» EUR",
    "«comma» DEBUG [«thread»] org.hibernate.SQL - select o1_0.id,o1_0.created_at,o1_0.state,o1_0.total from orders o1_0 where o1_0.state=? order by o1_0.created_at limit ?",
    "«comma» INFO  [«thread»] com.zaxxer.hikari.pool.PoolBase - shop-pool - Added connection conn«1..9000», total=«1..90», active=«1..40», idle=«1..40», waiting=0",
    "[«iso-ms»][info][gc] GC(«1..9000») Pause Young (Normal) (G1 Evacuation Pause) «100..900»M->«10..99»M(1024M) «1..90».«digits:3»ms",
    "«comma» WARN  [«thread»] com.example.shop.«order|stock|price|cart».«OrderService|StockClient|PriceCache|CartController|JobRunner» - slow query: «1000..9000» ms, rows=«1..90000», plan=Seq Scan on order_lines (cost=0.00..«1000..90000».«digits:2» rows=«1..90000» width=«10..90»)",
    "«comma» ERROR [«thread»] com.example.shop.«order|stock|price|cart».«OrderService|StockClient|PriceCache|CartController|JobRunner» - could not reserve stock for item «1000..9999», «1..9» left\njava.util.concurrent.TimeoutException: no answer within 3000 ms\n\tat java.base/java.util.concurrent.CompletableFuture.timedGet(CompletableFuture.java:1960)\n\tat java.base/java.util.concurrent.CompletableFuture.get(CompletableFuture.java:2095)\n\tat com.example.shop.stock.StockClient.reserve(StockClient.java:«10..400»)\n\tat com.example.shop.order.OrderService.place(OrderService.java:«10..400»)\n\tat java.base/java.lang.reflect.Method.invoke(Method.java:580)\n\tat java.base/java.lang.Thread.run(Thread.java:1583)",
    "«iso-ms» INFO worker-«1..40» batch «1..90000» done: read=«1..90000» written=«1..90000» skipped=«0..90» seconds=«1..90».«digits:3»",
    "«iso-ms» INFO consumer topic=orders partition=«0..40» offset=«1000000..9999999» lag=«0..900» rebalance=false",
    "«dot»  INFO «1..40000» --- [«thread»] c.e.shop.PriceCache  : refreshed «1..90000» prices from «lower:6».csv, checksum «hex:40»",
];

const SYSTEMS: &[&str] = &[
    "«rfc3164» «host» systemd[1]: Started «service».service - «service» worker.",
    "«rfc3164» «host» kernel: [«uptime»] nvme nvme0: I/O «1..900» QID «1..9» timeout, completion polled",
    "«rfc3164» «host» CRON[«100..40000»]: (root) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.hourly)",
    "«rfc3164» «host» systemd[1]: logrotate.service: Deactivated successfully.",
    "«rfc3164» «host» kernel: [«uptime»] EXT4-fs (sda«1..9»): mounted filesystem with ordered data mode. Quota mode: none.",
    "«rfc3164» «host» ntpd[«100..900»]: adjusting local clock by «0..2».«digits:6»s, stratum «1..4», jitter «0..9».«digits:3»",
    "«iso-us» «host» systemd[1]: «service».service: Consumed «1..90».«digits:3»s CPU time, «1..900».«1..9»M memory peak.",
    "«rfc3164» «host» smartd[«100..900»]: Device: /dev/sd«a|b|c» [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed from «20..60» to «20..60»",
];

/// What makes a template personal.
const PERSONAL: [&str; 6] = ["«ipv4»", "«ipv6»", "«email»", "«user»", "«private-ipv4»", "User@Host"];

/// An endless log of everyday lines, with the harder lines of the evidence between them.
pub fn logs(seed: u64) -> Logs {
    let harder = [applications::JAVA, applications::PYTHON, system::JOURNAL, system::KERNEL, builds::BUILDS];
    let mut families = Vec::new();
    for family in harder {
        families.extend([SERVICES.to_vec(), SYSTEMS.to_vec(), SERVICES.to_vec()]);
        families.push(family.iter().filter(|line| !PERSONAL.iter().any(|word| line.contains(word))).copied().collect());
    }
    Logs::of(seed, families)
}
