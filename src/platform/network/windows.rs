//! Windows: the list of adapters (`GetAdaptersAddresses`), and the proxies of the user's internet settings.

#![allow(unsafe_code, reason = "adapters and proxies are known only to the Windows API")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use windows_sys::Win32::Foundation::{ERROR_BUFFER_OVERFLOW, ERROR_NO_DATA, ERROR_SUCCESS, GlobalFree};
use windows_sys::Win32::NetworkManagement::IpHelper::{
    GAA_FLAG_INCLUDE_GATEWAYS, GAA_FLAG_SKIP_ANYCAST, GAA_FLAG_SKIP_MULTICAST, GetAdaptersAddresses,
    IP_ADAPTER_ADDRESSES_LH,
};
use windows_sys::Win32::NetworkManagement::Ndis::IfOperStatusUp;
use windows_sys::Win32::Networking::WinHttp::{
    WINHTTP_CURRENT_USER_IE_PROXY_CONFIG, WinHttpGetIEProxyConfigForCurrentUser,
};
use windows_sys::Win32::Networking::WinSock::{
    AF_INET, AF_INET6, AF_UNSPEC, SOCKADDR, SOCKADDR_IN, SOCKADDR_IN6, SOCKET_ADDRESS,
};

use super::proxies::{Proxies, ProxyScope};
use super::resolvers::Resolvers;
use super::surroundings::{Gateway, Listener};

/// What Microsoft advises to begin with; more is asked for where it does not do.
const FIRST_SIZE: u32 = 16 * 1024;
/// The list grows between two calls only where adapters come and go.
const TRIES: u32 = 4;
/// No list of a real machine is longer; a broken one would lead in a circle.
const MOST: usize = 512;
/// The longest text that is read.
const LONGEST_TEXT: usize = 4_096;

/// One adapter that is up.
struct Adapter {
    name: String,
    suffix: String,
    servers: Vec<SocketAddr>,
    routers: Vec<IpAddr>,
    metric_v4: u32,
    metric_v6: u32,
}

/// The name servers. Windows asks those of the adapter with the smallest metric first.
pub fn resolvers() -> Resolvers {
    let mut resolvers = Resolvers::default();
    match adapters() {
        Ok(mut adapters) => {
            adapters.sort_by_key(|adapter| (adapter.routers.is_empty(), adapter.metric_v4));
            for (n, adapter) in adapters.iter().enumerate() {
                for server in adapter.servers.iter().filter(|server| !is_placeholder(server.ip())) {
                    let scope = match server {
                        SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("%{}", v6.scope_id()),
                        _ => String::new(),
                    };
                    // Names of a VPN's domain may go to its servers only.
                    resolvers.add(&format!("{}{scope}", server.ip()), &adapter.name, n == 0, |_| None);
                }
                resolvers.add_search(&adapter.suffix);
            }
        }
        Err(gap) => resolvers.gaps.push(format!("name servers: {gap}")),
    }
    resolvers
}

/// Windows lists `fec0:0:0:ffff::1` to `::3` on adapters that have no name server of IPv6.
fn is_placeholder(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.segments()[..4] == [0xfec0, 0, 0, 0xffff])
}

/// Settings outside of the environment: those of the user, which most programs take.
pub fn add_proxies(proxies: &mut Proxies) {
    let mut settings = WINHTTP_CURRENT_USER_IE_PROXY_CONFIG::default();
    // SAFETY: it fills the structure, which outlives the call; its texts are read below and freed once.
    if unsafe { WinHttpGetIEProxyConfigForCurrentUser(&raw mut settings) } == 0 {
        return proxies.gaps.push("proxies of the internet settings: Windows did not tell".to_owned());
    }
    proxies.looks_for_script |= settings.fAutoDetect != 0;
    let taken = [settings.lpszAutoConfigUrl, settings.lpszProxy, settings.lpszProxyBypass].map(|text| {
        let read = wide(text);
        if !text.is_null() {
            // SAFETY: the text was allocated for us with GlobalAlloc, as the function's documentation says, and is not used
            // after this.
            unsafe { GlobalFree(text.cast()) };
        }
        read
    });
    let [script, proxy, bypass] = taken;
    proxies.add_script(&script);
    add_list(proxies, &proxy);
    proxies.add_bypass(&bypass);
}

/// `proxy:3128` for all, or `http=a:80;https=b:443;socks=c:1080`.
fn add_list(proxies: &mut Proxies, list: &str) {
    for entry in list.split([';', ' ']).filter(|entry| !entry.is_empty()) {
        let (scope, proxy) = match entry.split_once('=') {
            Some(("https", proxy)) => (ProxyScope::Https, proxy.to_owned()),
            Some(("http", proxy)) => (ProxyScope::Http, proxy.to_owned()),
            Some(("socks", proxy)) => (ProxyScope::All, format!("socks://{proxy}")),
            Some(_) => continue,
            None => (ProxyScope::All, entry.to_owned()),
        };
        proxies.add("internet settings", scope, &proxy);
    }
}

/// The ways out.
pub fn gateways() -> Result<Vec<Gateway>, String> {
    let adapters = adapters().map_err(|gap| format!("routes: {gap}"))?;
    let of = |adapter: &Adapter| {
        let gateway = |router: &IpAddr| Gateway {
            is_v6: router.is_ipv6(),
            router: Some(*router),
            interface: adapter.name.clone(),
            metric: Some(if router.is_ipv6() { adapter.metric_v6 } else { adapter.metric_v4 }),
        };
        adapter.routers.iter().map(gateway).collect::<Vec<_>>()
    };
    Ok(adapters.iter().flat_map(of).collect())
}

/// Ports of this user's programs.
pub fn listeners() -> Result<Vec<Listener>, String> {
    Err("listening ports: not read on this system; see `netstat -ano`".to_owned())
}

fn adapters() -> Result<Vec<Adapter>, String> {
    let flags = GAA_FLAG_INCLUDE_GATEWAYS | GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST;
    let mut size = FIRST_SIZE;
    for _ in 0..TRIES {
        // Of words, so that it is aligned for the structures that are written into it.
        let mut buffer = vec![0_u64; size as usize / 8 + 1];
        let first: *mut IP_ADAPTER_ADDRESSES_LH = buffer.as_mut_ptr().cast();
        // SAFETY: the buffer is `size` bytes long at least and outlives every pointer into it that is followed below.
        match unsafe { GetAdaptersAddresses(AF_UNSPEC.into(), flags, std::ptr::null(), first, &raw mut size) } {
            ERROR_SUCCESS => {
                // SAFETY: the call has filled the buffer with a list that begins here.
                return Ok(unsafe { read_list(first) });
            }
            ERROR_NO_DATA => return Ok(Vec::new()),
            ERROR_BUFFER_OVERFLOW => {}
            error => return Err(format!("Windows did not list the adapters (error {error})")),
        }
    }
    Err("the list of adapters changes all the time".to_owned())
}

/// Reads the adapters that are up.
///
/// # Safety
/// `first` is null or the begin of a list that `GetAdaptersAddresses` made, in a buffer that still is.
unsafe fn read_list(first: *const IP_ADAPTER_ADDRESSES_LH) -> Vec<Adapter> {
    let mut adapters = Vec::new();
    let mut next = first;
    // SAFETY, here and below: every pointer is null or leads on in the same list, as the caller promises.
    while let Some(one) = unsafe { next.as_ref() } {
        if adapters.len() >= MOST {
            break;
        }
        next = one.Next;
        if one.OperStatus != IfOperStatusUp {
            continue;
        }
        let mut adapter = Adapter {
            name: wide(one.FriendlyName),
            suffix: wide(one.DnsSuffix),
            servers: Vec::new(),
            routers: Vec::new(),
            metric_v4: one.Ipv4Metric,
            metric_v6: one.Ipv6Metric,
        };
        let mut server = one.FirstDnsServerAddress;
        while let Some(entry) = unsafe { server.as_ref() } {
            adapter.servers.extend(unsafe { address(&entry.Address) });
            server = if adapter.servers.len() < MOST { entry.Next } else { std::ptr::null_mut() };
        }
        let mut router = one.FirstGatewayAddress;
        while let Some(entry) = unsafe { router.as_ref() } {
            adapter.routers.extend(unsafe { address(&entry.Address) }.map(|address| address.ip()));
            router = if adapter.routers.len() < MOST { entry.Next } else { std::ptr::null_mut() };
        }
        adapters.push(adapter);
    }
    adapters
}

/// An address of either family.
///
/// # Safety
/// `of` points to an address of the length that it states, or to nothing.
unsafe fn address(of: &SOCKET_ADDRESS) -> Option<SocketAddr> {
    let length = usize::try_from(of.iSockaddrLength).ok()?;
    let any: *const SOCKADDR = of.lpSockaddr;
    if any.is_null() || length < size_of::<SOCKADDR>() {
        return None;
    }
    // SAFETY: it is there and long enough; unaligned reads ask for nothing more.
    match unsafe { any.read_unaligned() }.sa_family {
        AF_INET if length >= size_of::<SOCKADDR_IN>() => {
            // SAFETY: the family and the length say that it is one.
            let v4 = unsafe { any.cast::<SOCKADDR_IN>().read_unaligned() };
            // SAFETY: every form of this union is the same four bytes.
            let bytes = unsafe { v4.sin_addr.S_un.S_addr }.to_ne_bytes();
            Some(SocketAddr::new(Ipv4Addr::from(bytes).into(), 0))
        }
        AF_INET6 if length >= size_of::<SOCKADDR_IN6>() => {
            // SAFETY: as above.
            let v6 = unsafe { any.cast::<SOCKADDR_IN6>().read_unaligned() };
            // SAFETY: every form of these unions is the same bytes.
            let (bytes, scope) = unsafe { (v6.sin6_addr.u.Byte, v6.Anonymous.sin6_scope_id) };
            Some(SocketAddrV6::new(Ipv6Addr::from(bytes), 0, 0, scope).into())
        }
        _ => None,
    }
}

/// A text of the system, up to its end.
fn wide(text: *const u16) -> String {
    if text.is_null() {
        return String::new();
    }
    let mut units = Vec::new();
    for n in 0..LONGEST_TEXT {
        // SAFETY: the text is there and ends with a zero, behind which nothing is read.
        match unsafe { text.add(n).read_unaligned() } {
            0 => break,
            unit => units.push(unit),
        }
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adapters_and_settings_of_this_machine_can_be_read() {
        let found = resolvers();
        assert!(found.servers.iter().all(|server| server.address.port() == 53), "{found:?}");
        assert!(gateways().is_ok());
        add_proxies(&mut Proxies::default());
    }

    #[test]
    fn a_list_of_proxies_is_read_by_its_schemes() {
        let mut proxies = Proxies::default();
        add_list(&mut proxies, "http=a.example:80;https=b.example:8443;ftp=c.example:21");
        let found: Vec<_> = proxies.settings.iter().map(|setting| (setting.scope, setting.proxy.as_str())).collect();
        assert_eq!(found, [(ProxyScope::Http, "http://a.example:80"), (ProxyScope::Https, "http://b.example:8443")]);
    }
}
