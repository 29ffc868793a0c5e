/**
 * What a verified token gives, all its caveats taken together.
 *
 * A call has to be let through by every layer. Everything else is the intersection of what the grant and the caveats state, so
 * that no caveat can add anything.
 */
import * as Result from "effect/Result"
import type { Capability } from "../capability/Capability.ts"
import type { Caveat } from "./Caveat.ts"
import * as Files from "./Files.ts"
import type { Grant } from "./Grant.ts"
import * as Network from "./Network.ts"
import type { Terms, Use } from "./Terms.ts"
import { TokenError, TooLarge } from "./TokenError.ts"

/** Capabilities of which one must let a call through; each layer of an authority must, and counts its budgets for itself. */
export interface Layer {
  /** Unique among all tokens: what budgets of the layer are kept under. */
  readonly id: string
  /** For people: `token tok_…`, or `token tok_… caveat 2`. */
  readonly name: string
  readonly capabilities: ReadonlyArray<Capability>
}

/** Something that is used up by the first use of a token. */
export interface SingleUse {
  /** The id of the token or of the caveat that says so. */
  readonly id: string
  /** From then on the token is refused as expired, whatever is narrowed from it: the use may be forgotten. */
  readonly expiresMillis?: number | undefined
}

/** Limits that a token sets. One that is left out is set by others. */
export interface Limits {
  readonly memoryMebibytes?: number | undefined
  readonly cpuMillis?: number | undefined
  readonly wallMillis?: number | undefined
}

export interface Authority {
  /** The token's id. */
  readonly id: string
  readonly keyId: string
  /** The token's id, then those of its caveats. Revoking one of them revokes it. */
  readonly ids: ReadonlyArray<string>
  readonly use: Use
  readonly layers: ReadonlyArray<Layer>
  /** Absolute folders; none is nothing. */
  readonly files: { readonly read: ReadonlyArray<string>; readonly write: ReadonlyArray<string> }
  /** None is no network. */
  readonly network: ReadonlyArray<Network.Destination>
  readonly limits: Limits
  /** The session that it is bound to; left out if the token does not say. */
  readonly session?: string | undefined
  /** Left out if the token does not say. */
  readonly templates?: ReadonlyArray<string> | undefined
  /** Left out if the token does not say. */
  readonly languages?: ReadonlyArray<string> | undefined
  /** Milliseconds since the epoch. What is still going on then has no authority any more. */
  readonly expiresMillis?: number | undefined
  /** What must not have been used before, the outermost first. `Admission.admit` sees to it. */
  readonly singleUses: ReadonlyArray<SingleUse>
}

/** More folders or destinations than one layer can state: they add up where those of several layers overlap. */
const overlapsMax = 128

const bounded = <A>(what: string, items: ReadonlyArray<A>): ReadonlyArray<A> => {
  if (items.length <= overlapsMax) return items
  throw new TokenError({ reason: new TooLarge({ what, size: items.length, sizeMax: overlapsMax }) })
}

const minimum = (left: number | undefined, right: number | undefined): number | undefined =>
  left === undefined || right === undefined ? (left ?? right) : Math.min(left, right)

const inBoth = (
  left: ReadonlyArray<string> | undefined,
  right: ReadonlyArray<string> | undefined
): ReadonlyArray<string> | undefined =>
  left === undefined || right === undefined ? (left ?? right) : left.filter((name) => right.includes(name))

const destinations = (network: Network.Network | undefined): ReadonlyArray<Network.Destination> =>
  network === undefined || network === "none" ? [] : network

const limitsOf = ({ cpuMillis, memoryMebibytes, wallMillis }: Terms): Limits => ({
  cpuMillis,
  memoryMebibytes,
  wallMillis
})

const singleUse = ({ once }: Terms, id: string, expiresMillis: number | undefined): ReadonlyArray<SingleUse> =>
  once === undefined ? [] : [{ id, expiresMillis }]

const given = (keyId: string, grant: Grant): Authority => ({
  id: grant.id,
  keyId,
  ids: [grant.id],
  use: grant.use,
  layers: [{ id: grant.id, name: `token ${grant.id}`, capabilities: grant.capabilities ?? [] }],
  files: { read: grant.files?.read ?? [], write: grant.files?.write ?? [] },
  network: destinations(grant.network),
  limits: limitsOf(grant),
  session: grant.session,
  templates: grant.templates,
  languages: grant.languages,
  expiresMillis: grant.expiresMillis,
  singleUses: singleUse(grant, grant.id, grant.expiresMillis)
})

const narrowed = (authority: Authority, caveat: Caveat, id: string): Authority => {
  const { capabilities, files, network } = caveat
  const name = `token ${authority.id} caveat ${authority.ids.length}`
  const { limits } = authority
  const expiresMillis = minimum(authority.expiresMillis, caveat.expiresMillis)
  return {
    ...authority,
    ids: [...authority.ids, id],
    use: caveat.use === "execution" ? "execution" : authority.use,
    layers: capabilities === undefined ? authority.layers : [...authority.layers, { id, name, capabilities }],
    files:
      files === undefined
        ? authority.files
        : {
            read: bounded("folders to read", Files.intersect(authority.files.read, files.read ?? [])),
            write: bounded("folders to write", Files.intersect(authority.files.write, files.write ?? []))
          },
    network:
      network === undefined
        ? authority.network
        : bounded("destinations", Network.intersect(authority.network, destinations(network))),
    limits: {
      memoryMebibytes: minimum(limits.memoryMebibytes, caveat.memoryMebibytes),
      cpuMillis: minimum(limits.cpuMillis, caveat.cpuMillis),
      wallMillis: minimum(limits.wallMillis, caveat.wallMillis)
    },
    session: authority.session ?? caveat.session,
    templates: inBoth(authority.templates, caveat.templates),
    languages: inBoth(authority.languages, caveat.languages),
    expiresMillis,
    singleUses: [...authority.singleUses, ...singleUse(caveat, id, expiresMillis)]
  }
}

/** What a grant gives after its caveats, which are in the order in which they were added. */
export const of = (
  keyId: string,
  grant: Grant,
  caveats: ReadonlyArray<{ readonly id: string; readonly caveat: Caveat }>
): Result.Result<Authority, TokenError> => {
  try {
    return Result.succeed(
      caveats.reduce((authority, { caveat, id }) => narrowed(authority, caveat, id), given(keyId, grant))
    )
  } catch (cause) {
    if (cause instanceof TokenError) return Result.fail(cause)
    throw cause
  }
}

/** Whether a path may be read. What has no normalised form may not. */
export const canRead = ({ files }: Authority, path: string): boolean => Files.isWithin(path, files.read)

/** Whether a path may be written. What has no normalised form may not. */
export const canWrite = ({ files }: Authority, path: string): boolean => Files.isWithin(path, files.write)

/** Whether a host, by name or IPv4 address, may be connected to at a port. */
export const canConnect = ({ network }: Authority, host: string, port: number): boolean =>
  Network.reaches(network, host, port)
