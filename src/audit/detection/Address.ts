/**
 * Which network a host name or address belongs to, in every spelling that some resolver takes: decimal, octal and hexadecimal
 * numbers, one to four parts, IPv6 in long and short form, IPv4 within IPv6, full-width digits, percent-encodings, names of
 * well-known wildcard services that say an address, and names of metadata services.
 */

export type Network = "metadata" | "loopback" | "private" | "link-local" | "reserved"

const partOf = (part: string): number | undefined => {
  if (/^0x[0-9a-f]{1,16}$/.test(part)) return Number.parseInt(part.slice(2), 16)
  if (/^0[0-7]{0,22}$/.test(part)) return Number.parseInt(part, 8)
  return /^[1-9]\d{0,15}$/.test(part) ? Number(part) : undefined
}

/** The number of an IPv4 address as `inet_aton` and browsers read it. */
const ipv4 = (host: string): number | undefined => {
  const parts = host.split(".")
  if (parts.length > 4) return undefined
  let address = 0
  for (const [index, text] of parts.entries()) {
    const part = partOf(text)
    const isLast = index === parts.length - 1
    if (part === undefined || part >= (isLast ? 256 ** (5 - parts.length) : 256)) return undefined
    address += isLast ? part : part * 256 ** (3 - index)
  }
  return address
}

const groupsOf = (text: string): ReadonlyArray<number> | undefined => {
  if (text === "") return []
  const groups: Array<number> = []
  const parts = text.split(":")
  for (const [index, part] of parts.entries()) {
    const within = index === parts.length - 1 && part.includes(".") ? ipv4(part) : undefined
    if (within !== undefined) groups.push(Math.floor(within / 65_536), within % 65_536)
    else if (/^[0-9a-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

/** The eight groups of an IPv6 address without its brackets and zone. */
const ipv6 = (host: string): ReadonlyArray<number> | undefined => {
  const [address = ""] = host.split("%")
  const [head = "", tail, ...more] = address.split("::")
  if (!address.includes(":") || more.length > 0) return undefined
  const before = groupsOf(head)
  const behind = tail === undefined ? [] : groupsOf(tail)
  if (before === undefined || behind === undefined) return undefined
  const missing = 8 - before.length - behind.length
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined
  return [...before, ...Array.from({ length: missing }, () => 0), ...behind]
}

interface Block {
  readonly first: number
  readonly bits: number
  readonly network: Network
}

const block = (first: string, bits: number, network: Network): Block => ({ first: ipv4(first) ?? 0, bits, network })

/** The narrower before the wider. */
const blocks: ReadonlyArray<Block> = [
  block("169.254.169.254", 32, "metadata"),
  block("169.254.170.2", 32, "metadata"),
  block("169.254.170.23", 32, "metadata"),
  block("100.100.100.200", 32, "metadata"),
  block("192.0.0.192", 32, "metadata"),
  block("168.63.129.16", 32, "metadata"),
  block("127.0.0.0", 8, "loopback"),
  block("0.0.0.0", 8, "loopback"),
  block("10.0.0.0", 8, "private"),
  block("172.16.0.0", 12, "private"),
  block("192.168.0.0", 16, "private"),
  block("100.64.0.0", 10, "private"),
  block("169.254.0.0", 16, "link-local"),
  block("192.0.0.0", 24, "reserved"),
  block("198.18.0.0", 15, "reserved"),
  block("224.0.0.0", 3, "reserved")
]

const ofIpv4 = (address: number): Network | undefined =>
  blocks.find(({ bits, first }) => Math.floor(address / 2 ** (32 - bits)) === Math.floor(first / 2 ** (32 - bits)))
    ?.network

/** The IPv4 address that is carried in an IPv6 address: mapped, compatible, translated (NAT64) or tunnelled (6to4). */
const carried = (groups: ReadonlyArray<number>): number | undefined => {
  const at = (index: number) => groups[index] ?? 0
  const number = (index: number) => at(index) * 65_536 + at(index + 1)
  const zeros = (count: number) => groups.slice(0, count).every((group) => group === 0)
  if (zeros(5) && (at(5) === 0xffff || at(5) === 0)) return number(6)
  if (zeros(4) && at(4) === 0xffff && at(5) === 0) return number(6)
  if (at(0) === 0x64 && at(1) === 0xff9b) return number(6)
  return at(0) === 0x2002 ? number(1) : undefined
}

const ofIpv6 = (groups: ReadonlyArray<number>): Network | undefined => {
  const first = groups[0] ?? 0
  const last = groups[7] ?? 0
  if (groups.slice(0, 7).every((group) => group === 0) && last < 2) return "loopback"
  if (first === 0xfd00 && groups[1] === 0x0ec2 && (last === 0x0254 || last === 0x0023)) return "metadata"
  if (first === 0xfd20 && groups[1] === 0x00ce && last === 0x0254) return "metadata"
  const within = carried(groups)
  if (within !== undefined) return ofIpv4(within)
  if ((first & 0xfe00) === 0xfc00) return "private"
  if ((first & 0xffc0) === 0xfe80) return "link-local"
  return (first & 0xff00) === 0xff00 ? "reserved" : undefined
}

const metadataNames =
  /^(?:metadata|metadata\.google\.internal|metadata\.goog|metadata\.azure\.com|metadata\.azure\.internal|instance-data|instance-data\.ec2\.internal|metadata\.tencentyun\.com|metadata\.platformequinix\.com)$/
const loopbackNames =
  /^(?:localhost|localhost\.localdomain|ip6-localhost|ip6-loopback|.*\.localhost|localtest\.me|.*\.localtest\.me|lvh\.me|.*\.lvh\.me)$/
const privateNames = /^(?:.*\.)?(?:internal|intranet|corp|lan|local|localdomain|home\.arpa|docker\.internal|svc)$/
const wildcardNames = /^(?:.*[.-])?(\d{1,3}[.-]\d{1,3}[.-]\d{1,3}[.-]\d{1,3})\.(?:nip|sslip|xip)\.io$/
const hexadecimalNames = /^(?:.*[.-])?([0-9a-f]{8})\.(?:nip|sslip)\.io$/

const decoded = (host: string): string => {
  if (!host.includes("%")) return host
  try {
    return decodeURIComponent(host)
  } catch {
    return host
  }
}

/** Characters that resolvers leave out, such as soft hyphens. */
const ignored = /\p{Default_Ignorable_Code_Point}/gu

/** The one spelling of a host that all others are compared by: small letters, ASCII where it can be, no brackets, no final dot. */
export const canonical = (host: string): string => {
  const seen = decoded(host.trim()).replace(ignored, "")
  const plain = seen.normalize("NFKC").toLowerCase().replaceAll("\u3002", ".")
  return plain.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "")
}

/** The network of a canonical host; undefined for a public address, and for a name that says nothing of its address. */
export const networkOf = (host: string): Network | undefined => {
  if (host.includes(":")) {
    const groups = ipv6(host)
    return groups === undefined ? undefined : ofIpv6(groups)
  }
  if (/^[0-9]/.test(host)) {
    const address = ipv4(host)
    if (address !== undefined) return ofIpv4(address)
  }
  if (metadataNames.test(host)) return "metadata"
  if (loopbackNames.test(host)) return "loopback"
  const wildcard = wildcardNames.exec(host)?.[1]
  if (wildcard !== undefined) return networkOf(wildcard.replaceAll("-", "."))
  const hexadecimal = hexadecimalNames.exec(host)?.[1]
  if (hexadecimal !== undefined) return networkOf(`0x${hexadecimal}`)
  return privateNames.test(host) ? "private" : undefined
}

/** Whether a canonical host is an address, not a name. */
export const isAddress = (host: string): boolean =>
  ipv6(host) !== undefined || (/^[0-9]/.test(host) && ipv4(host) !== undefined)
