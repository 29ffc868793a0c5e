/** Which hosts may be reached, and at which ports. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

/** The most destinations, and the most ports of one, in one list. */
const destinationsMax = 64

const nameLengthMax = 253
const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/
const address = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/

/**
 * Whether a resolver would take the name for an address: one whose last label is a number. Such names have many spellings, of
 * which `address` knows one.
 */
const looksLikeAddress = (name: string): boolean => /(^|\.)(\d+|0x[0-9a-f]*)$/.test(name)

const isName = (name: string): boolean =>
  name.length <= nameLengthMax && name.split(".").every((part) => label.test(part)) && !looksLikeAddress(name)

/** ASCII alone: there are other characters whose small letter is one of ASCII. */
const toSmall = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Reads the name of a host, or an IPv4 address in its usual form; letters become small ones. The failure says what is wrong. */
const parseHost = (text: string): Result.Result<string, string> => {
  const host = toSmall(text)
  return isName(host) || address.test(host)
    ? Result.succeed(host)
    : Result.fail("expected a host name in ASCII or an IPv4 address")
}

const wildcard = "*."

const parsePattern = (text: string): Result.Result<string, string> => {
  const host = toSmall(text)
  if (!host.startsWith(wildcard)) return parseHost(host)
  return isName(host.slice(wildcard.length))
    ? Result.succeed(host)
    : Result.fail("expected a host name in ASCII behind *.")
}

const Host = Schema.String.annotate({ message: "expected a host" })
  .check(
    Schema.makeFilter((text: string) => {
      const host = parsePattern(text)
      return Result.isSuccess(host) ? undefined : host.failure
    })
  )
  .pipe(
    Schema.decodeTo(Schema.String, {
      decode: SchemaGetter.transform(toSmall),
      encode: SchemaGetter.passthrough()
    })
  )

const portMessage = "expected a port, 1 to 65535"
const Port = Schema.Number.annotate({ message: portMessage }).check(
  Schema.makeFilter((port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535, { message: portMessage })
)

const portsMessage = `expected a list of 1 to ${destinationsMax} ports`

const Destination = Schema.Struct({
  /** A name or IPv4 address; `*.example.org` stands for every name below `example.org`, and not for that name itself. */
  host: Host,
  ports: Schema.Array(Port)
    .annotate({ message: portsMessage })
    .check(Schema.makeFilter((ports) => ports.length > 0 && ports.length <= destinationsMax, { message: portsMessage }))
}).annotate({
  message: "expected an object with host and ports",
  messageUnexpectedKey: "is neither host nor ports"
})
/** Hosts and their ports. */
export type Destination = typeof Destination.Type

const networkMessage = `expected "none", or a list of 1 to ${destinationsMax} destinations`

/** Where connections may go. */
export const Network = Schema.Union([
  Schema.Literal("none"),
  Schema.Array(Destination).check(
    Schema.makeFilter((list) => list.length > 0 && list.length <= destinationsMax, { message: networkMessage })
  )
]).annotate({ message: networkMessage })
export type Network = typeof Network.Type

/** Whether every host of a pattern is one of another's. */
const isWithin = (pattern: string, other: string): boolean =>
  pattern === other || (other.startsWith(wildcard) && pattern.endsWith(other.slice(1)))

/** Whether a host may be reached at a port. */
export const reaches = (destinations: ReadonlyArray<Destination>, host: string, port: number): boolean => {
  const parsed = parseHost(host)
  if (Result.isFailure(parsed)) return false
  return destinations.some(({ host, ports }) => isWithin(parsed.success, host) && ports.includes(port))
}

const narrower = (left: string, right: string): string | undefined => {
  if (isWithin(left, right)) return left
  return isWithin(right, left) ? right : undefined
}

/** The destinations that both lists allow, each host once. */
export const intersect = (
  left: ReadonlyArray<Destination>,
  right: ReadonlyArray<Destination>
): ReadonlyArray<Destination> => {
  const ports = new Map<string, Set<number>>()
  for (const one of left) {
    for (const other of right) {
      const host = narrower(one.host, other.host)
      const shared = one.ports.filter((port) => other.ports.includes(port))
      if (host === undefined || shared.length === 0) continue
      ports.set(host, new Set([...(ports.get(host) ?? []), ...shared]))
    }
  }
  return [...ports].map(([host, ports]) => ({ host, ports: [...ports].sort((one, other) => one - other) }))
}
