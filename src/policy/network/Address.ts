/** IP addresses as numbers of 128 bits; those of version 4 are in `::ffff:0:0/96`. */

export type Address = bigint

/** All addresses whose first bits are these. */
export interface Range {
  readonly address: Address
  readonly bits: number
}

const mapped = 0xffffn << 32n

const version4 = (text: string): Address | undefined => {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined || parts.some((part) => part > 255)) return undefined
  return parts.reduce((address, part) => (address << 8n) | BigInt(part), 0n) | mapped
}

const groupsOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.split(":"))

const version6 = (text: string): Address | undefined => {
  const halves = text.split("::")
  if (halves.length > 2) return undefined
  const [before = [], after = []] = halves.map(groupsOf)
  const missing = 8 - before.length - after.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...before, ...Array<string>(halves.length === 1 ? 0 : missing).fill("0"), ...after]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return undefined
  return groups.reduce((address, group) => (address << 16n) | BigInt(`0x${group}`), 0n)
}

/** Reads an address in its canonical spelling: dotted decimal, or groups of hexadecimal digits in lower case. */
export const parse = (text: string): Address | undefined => version4(text) ?? version6(text)

/** Reads `10.0.0.0/8` or `fc00::/7`; undefined if it is neither, or names an address within the range instead of its first. */
export const parseRange = (text: string): Range | undefined => {
  const [, written = "", length = ""] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(text) ?? []
  const address = parse(written)
  if (address === undefined) return undefined
  const bits = Number(length) + (written.includes(":") ? 0 : 96)
  if (bits > 128 || (address >> BigInt(128 - bits)) << BigInt(128 - bits) !== address) return undefined
  return { address, bits }
}

export const has = ({ address, bits }: Range, other: Address): boolean =>
  address >> BigInt(128 - bits) === other >> BigInt(128 - bits)

/** Whether one range is all within another. */
export const isWithin = (inner: Range, outer: Range): boolean => outer.bits <= inner.bits && has(outer, inner.address)

const ranges = (...texts: ReadonlyArray<string>): ReadonlyArray<Range> =>
  texts.flatMap((text) => parseRange(text) ?? [])

/** Addresses that do not lead to a host of the public Internet. */
const notPublic = ranges(
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  "::/127",
  "100::/64",
  "2001::/32",
  "2001:db8::/32",
  "3fff::/20",
  "fc00::/7",
  "fe80::/9",
  "ff00::/8"
)

/** Addresses of version 6 that stand for one of version 4, and how many bits follow that one. */
const translated: ReadonlyArray<{ readonly range: Range; readonly after: bigint }> = [
  ...ranges("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48").map((range) => ({ range, after: 0n })),
  ...ranges("2002::/16").map((range) => ({ range, after: 80n }))
]

/** An address and the one of version 4 that it stands for, if it does. */
export const meanings = (address: Address): ReadonlyArray<Address> => [
  address,
  ...translated
    .filter(({ range }) => has(range, address) && address > 1n)
    .map(({ after }) => ((address >> after) & 0xffff_ffffn) | mapped)
]

/**
 * Whether an address leads into a network of one's own, to this host, or to no single host: those of RFC 1918 and 6598, loopback,
 * link-local with the metadata services of clouds, unique local, multicast and reserved ones, and all that stand for such a one.
 */
export const isPrivate = (address: Address): boolean =>
  meanings(address).some((meaning) => notPublic.some((range) => has(range, meaning)))
