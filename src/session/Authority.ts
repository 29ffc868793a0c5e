/**
 * What a session's calls must be let through by: the holder's own capabilities, every token that was presented, and the
 * policy. Each of them can only narrow what the others leave.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Capability, decodeList } from "../capability/Capability.ts"
import type { TokenRules } from "../policy/machine/MachineRules.ts"
import type { Policy } from "../policy/Policy.ts"
import type { Authority as TokenAuthority } from "../token/Authority.ts"
import type { TokenError } from "../token/TokenError.ts"
import type { Toolkit } from "../tool/Toolkit.ts"

/** What a token gave when it was presented, as a journal keeps it: it holds for as long as what it was presented for. */
export const Presented = Schema.Struct({
  /** Of the token and its caveats. Revoking one of them ends it. */
  ids: Schema.Array(Schema.String),
  /** The id of the key that it was signed with. */
  key: Schema.optionalKey(Schema.String),
  expiresMillis: Schema.optionalKey(Schema.Finite),
  /** The one session that it gives anything to: a fork of it has the past, and not this authority. Absent, forks have it too. */
  session: Schema.optionalKey(Schema.String),
  /** In which code may be run. */
  languages: Schema.optionalKey(Schema.Array(Schema.String)),
  /** The folders that may be read and written; absent, none. */
  files: Schema.optionalKey(Schema.Struct({ read: Schema.Array(Schema.String), write: Schema.Array(Schema.String) })),
  layers: Schema.Array(
    Schema.Struct({ id: Schema.String, name: Schema.String, capabilities: Schema.Array(Schema.Unknown) })
  )
})
export type Presented = typeof Presented.Type

/** Capabilities of which one must let a call through. */
export interface Layer {
  /** What its budgets are kept under; empty for the session's own. */
  readonly id: string
  /** For people. */
  readonly name: string
  readonly capabilities: ReadonlyArray<Capability>
  readonly ids: ReadonlyArray<string>
  readonly expiresMillis: number
  /** The one session that it is for; undefined for any. */
  readonly session: string | undefined
}

/** What one holder of a session brings along. */
export interface Authority {
  readonly toolkit: Toolkit
  readonly capabilities: ReadonlyArray<Capability>
  /** How long a person has to decide on an asked call; infinite for as long as it takes. */
  readonly decisionMillis: number
  /** Tokens that hold for this holder, besides those in the journal. */
  readonly presented: ReadonlyArray<Presented>
  /** The policy in force. */
  readonly policy: Effect.Effect<Policy | undefined>
  /** Whether the token or caveat of an id was revoked. */
  readonly isRevoked: Effect.Effect<(id: string) => boolean, TokenError>
}

/** Nobody's: nothing is revoked, and no policy is in force. */
export const unrestricted = {
  presented: [],
  policy: Effect.succeed(undefined),
  isRevoked: Effect.succeed(() => false)
} satisfies Partial<Authority>

/** What a token gives to a session. One that is for that session or for a single use is for no fork of it. */
export const presented = (token: TokenAuthority, session: string): Presented => {
  const { expiresMillis, files, ids, keyId, languages, layers, singleUses } = token
  const isForOne = token.session !== undefined || singleUses.length > 0
  return {
    ids,
    key: keyId,
    ...(isForOne ? { session } : {}),
    ...(languages === undefined ? {} : { languages }),
    ...(files.read.length === 0 && files.write.length === 0 ? {} : { files }),
    ...(expiresMillis === undefined ? {} : { expiresMillis }),
    layers: layers.map(({ capabilities, id, name }) => ({
      id,
      name,
      capabilities: capabilities.map((capability): unknown => JSON.parse(JSON.stringify(capability)))
    }))
  }
}

/** A layer that cannot be read lets nothing through. */
const capabilitiesOf = (plain: ReadonlyArray<unknown>): ReadonlyArray<Capability> =>
  Result.getOrElse(decodeList(plain), () => [])

const known = new WeakMap<Presented, ReadonlyArray<Layer>>()

const layersOfOne = (token: Presented): ReadonlyArray<Layer> => {
  const { expiresMillis = Number.POSITIVE_INFINITY, ids, session } = token
  const layers =
    known.get(token) ??
    token.layers.map(({ capabilities, id, name }) => ({
      id,
      name,
      capabilities: capabilitiesOf(capabilities),
      ids,
      expiresMillis,
      session
    }))
  known.set(token, layers)
  return layers
}

/** The layers of an authority, the session's own first. */
export const layersOf = (
  authority: Authority,
  recorded: ReadonlyArray<Presented | undefined>
): ReadonlyArray<Layer> => [
  {
    id: "",
    name: "session",
    capabilities: authority.capabilities,
    ids: [],
    expiresMillis: Number.POSITIVE_INFINITY,
    session: undefined
  },
  ...[...recorded, ...authority.presented].flatMap((token) => (token === undefined ? [] : layersOfOne(token)))
]

const noFiles = { read: [], write: [] }

/** What each token lets a session's machine do with files. One that was revoked, or is for another session, gives nothing. */
export const fileRulesOf = (
  session: string,
  authority: Authority,
  recorded: ReadonlyArray<Presented | undefined>,
  isRevoked: (id: string) => boolean
): ReadonlyArray<TokenRules> =>
  [...recorded, ...authority.presented]
    .filter((token) => token !== undefined)
    .map(({ expiresMillis, files = noFiles, ids, session: only = session }) => ({
      layer: `token ${ids[0]}`,
      ...(ids.some(isRevoked) || only !== session ? noFiles : files),
      ...(expiresMillis === undefined ? {} : { expiresMillis })
    }))
