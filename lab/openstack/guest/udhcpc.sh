#!/bin/sh
# What the DHCP client of the lab's guest does with a lease.
[ "$1" = bound ] || [ "$1" = renew ] || exit 0
ip address flush dev "$interface"
ip address add "$ip/${mask:-24}" dev "$interface"
for way in $router; do ip route add default via "$way" 2>/dev/null; break; done
[ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
echo "guest: $interface $ip/${mask:-24} via ${router:-nobody}, mtu ${mtu:-?}" >/dev/console
exit 0
