/** Hosts as rules see them: a name, or an address in whatever spelling. */
import * as Result from "effect/Result"
import * as Glob from "../Glob.ts"
import * as Address from "./Address.ts"

export type Host =
  | { readonly _tag: "Name"; readonly name: string }
  | { readonly _tag: "Address"; readonly address: Address.Address; readonly name: string }

const lengthMax = 255

const canonical = (text: string): string | undefined => {
  const bare = /^\[(.*)\]$/.exec(text)?.[1] ?? text
  if (bare === "" || bare.length > lengthMax) return undefined
  const [withoutZone = ""] = bare.includes(":") ? bare.split("%", 1) : [bare]
  if (/[\s/\\?#@[\]<>^|]/.test(withoutZone) || (withoutZone.includes("%") && !bare.includes(":"))) return undefined
  const written = withoutZone.includes(":") ? `[${withoutZone}]` : withoutZone
  return URL.parse(`http://${written}/`)?.hostname
}

/**
 * Reads a host as a browser does: IPv4 addresses also in decimal, octal and hexadecimal numbers and with fewer than four of them,
 * names in lower case, in ASCII, and without a dot at their end. Undefined if it is none.
 */
export const parse = (text: string): Host | undefined => {
  const host = canonical(text)
    ?.replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
  if (host === undefined || host === "") return undefined
  const address = Address.parse(host)
  return address === undefined ? { _tag: "Name", name: host } : { _tag: "Address", address, name: host }
}

const privateNames = /(?:^|\.)(?:localhost|local|internal|intranet|corp|lan|svc|home\.arpa|localdomain|metadata\.goog)$/

/**
 * Whether a name is by convention one of an own network, or of a metadata service. One without a dot, such as `metadata`, is looked
 * for in the own network.
 */
export const isPrivateName = (name: string): boolean => !name.includes(".") || privateNames.test(name)

/** Which hosts a rule is about. */
export type HostPattern =
  | { readonly _tag: "Names"; readonly text: string; readonly glob: Glob.Glob }
  | { readonly _tag: "Range"; readonly text: string; readonly range: Address.Range }

/** Reads `api.example.com`, `*.example.com`, `*`, an address, or a range such as `10.0.0.0/8`. The failure says what is wrong. */
export const parsePattern = (text: string): Result.Result<HostPattern, string> => {
  if (text.includes("/")) {
    const range = Address.parseRange(text.toLowerCase())
    return range === undefined
      ? Result.fail("a range is written like 10.0.0.0/8 or fc00::/7, with its first address")
      : Result.succeed({ _tag: "Range", text: text.toLowerCase(), range })
  }
  if (text === "*") return Result.succeed({ _tag: "Names", text, glob: ["", ""] })
  if (text.endsWith("*"))
    return Result.fail("* at the end of a host would take any domain; write * alone, or *.example.com")
  const host = parse(text.replaceAll("*", "0wildcard0"))
  if (host === undefined)
    return Result.fail("expected a host such as api.example.com or *.example.com, without port and path")
  if (host._tag === "Address")
    return Result.succeed({ _tag: "Range", text: host.name, range: { address: host.address, bits: 128 } })
  const name = host.name.replaceAll("0wildcard0", "*")
  return Result.succeed({ _tag: "Names", text: name, glob: Glob.parse(name) })
}

/** Whether a pattern covers all hosts that the other one covers. */
export const isSubsetOf = (child: HostPattern, parent: HostPattern): boolean => {
  if (parent._tag === "Names" && parent.text === "*") return true
  if (child._tag === "Names") return parent._tag === "Names" && Glob.isSubsetOf(child.glob, parent.glob)
  return parent._tag === "Range" && Address.isWithin(child.range, parent.range)
}
