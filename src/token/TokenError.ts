import * as Schema from "effect/Schema"

const at = (millis: number): string => {
  const date = new Date(millis)
  return Number.isNaN(date.getTime()) ? `${millis} ms` : date.toISOString()
}

const given = (value: string | undefined): string => (value === undefined ? "none was given" : `found ${value}`)

/** The text is no token, or what is to be signed is no grant or caveat. `where` is a field, or a part of the text. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", {
  where: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `malformed token, ${this.where}: ${this.detail}`
  }
}
/** A token of another version, or another text altogether. */
export class UnknownVersion extends Schema.TaggedError<UnknownVersion>()("UnknownVersion", {
  expected: Schema.String
}) {
  override get message() {
    return `not a token of a version that is known here: those begin with ${this.expected}.`
  }
}
/** The token was signed with a key that is not, or no longer, among those that verify. */
export class UnknownKey extends Schema.TaggedError<UnknownKey>()("UnknownKey", { keyId: Schema.String }) {
  override get message() {
    return `the token is signed with the key ${this.keyId}, which is not known here: it was retired, or is another host's`
  }
}
/** The token was changed, or was never signed with that key. */
export class WrongSignature extends Schema.TaggedError<WrongSignature>()("WrongSignature", {}) {
  override get message() {
    return "the token's signature is wrong: it was changed, or signed with another key"
  }
}
export class Expired extends Schema.TaggedError<Expired>()("Expired", {
  expiresMillis: Schema.Number,
  nowMillis: Schema.Number
}) {
  override get message() {
    return `the token expired at ${at(this.expiresMillis)}, and it is ${at(this.nowMillis)}`
  }
}
export class NotYetValid extends Schema.TaggedError<NotYetValid>()("NotYetValid", {
  notBeforeMillis: Schema.Number,
  nowMillis: Schema.Number
}) {
  override get message() {
    return `the token is valid from ${at(this.notBeforeMillis)} on, and it is ${at(this.nowMillis)}`
  }
}
/** A token for single executions was used for a session. */
export class WrongUse extends Schema.TaggedError<WrongUse>()("WrongUse", {}) {
  override get message() {
    return "the token is for one execution, not for a session"
  }
}

const binding = { expected: Schema.String, given: Schema.optionalKey(Schema.String) }

export class WrongAudience extends Schema.TaggedError<WrongAudience>()("WrongAudience", binding) {
  override get message() {
    return `the token is for the audience ${this.expected}; ${given(this.given)}`
  }
}
export class WrongSession extends Schema.TaggedError<WrongSession>()("WrongSession", binding) {
  override get message() {
    return `the token is bound to the session ${this.expected}; ${given(this.given)}`
  }
}
export class WrongRun extends Schema.TaggedError<WrongRun>()("WrongRun", binding) {
  override get message() {
    return `the token is bound to the run ${this.expected}; ${given(this.given)}`
  }
}
export class WrongCode extends Schema.TaggedError<WrongCode>()("WrongCode", binding) {
  override get message() {
    return `the token is bound to the code with SHA-256 ${this.expected}; ${given(this.given)}`
  }
}

const choice = { allowed: Schema.Array(Schema.String), given: Schema.optionalKey(Schema.String) }

export class WrongTemplate extends Schema.TaggedError<WrongTemplate>()("WrongTemplate", choice) {
  override get message() {
    return `the token is for the templates ${this.allowed.join(", ")}; ${given(this.given)}`
  }
}
export class WrongLanguage extends Schema.TaggedError<WrongLanguage>()("WrongLanguage", choice) {
  override get message() {
    return `the token is for the languages ${this.allowed.join(", ")}; ${given(this.given)}`
  }
}
/** The token, or one that it was narrowed from, was revoked. */
export class Revoked extends Schema.TaggedError<Revoked>()("Revoked", { id: Schema.String }) {
  override get message() {
    return `the token is revoked, by its part ${this.id}`
  }
}
/** The token, or one that it was narrowed from, could be used once, and was. */
export class AlreadyUsed extends Schema.TaggedError<AlreadyUsed>()("AlreadyUsed", { id: Schema.String }) {
  override get message() {
    return `the token can be used once, and its part ${this.id} was used before`
  }
}
/** A caveat says something that this version does not understand, and so cannot enforce. */
export class UnknownCaveat extends Schema.TaggedError<UnknownCaveat>()("UnknownCaveat", {
  /** Counted from 1. */
  caveat: Schema.Int,
  field: Schema.String
}) {
  override get message() {
    return `caveat ${this.caveat} of the token has the field ${JSON.stringify(this.field)}, which this version cannot enforce`
  }
}
export class TooLarge extends Schema.TaggedError<TooLarge>()("TooLarge", {
  what: Schema.String,
  size: Schema.Int,
  sizeMax: Schema.Int
}) {
  override get message() {
    return `too large: ${this.what} ${this.size}, at most ${this.sizeMax} are allowed`
  }
}
/** There is no key to sign or verify with. */
export class NoKeys extends Schema.TaggedError<NoKeys>()("NoKeys", {
  /** The file that is missing; absent where there is no home to have one. */
  path: Schema.optionalKey(Schema.String)
}) {
  override get message() {
    const file = this.path === undefined ? "" : `run caisson keys new to make ${this.path}, or `
    return `there are no token keys: ${file}set CAISSON_TOKEN_KEYS`
  }
}
/** The text that should hold keys does not. */
export class MalformedKeys extends Schema.TaggedError<MalformedKeys>()("MalformedKeys", {
  /** A file, or the name of a variable. */
  source: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.source} does not hold token keys: ${this.detail}`
  }
}
/** Others than its owner may read or change the file of the keys. */
export class KeyFileExposed extends Schema.TaggedError<KeyFileExposed>()("KeyFileExposed", {
  path: Schema.String,
  mode: Schema.Int
}) {
  override get message() {
    const mode = this.mode.toString(8).padStart(4, "0")
    return `the token keys in ${this.path} are open to other users (mode ${mode}): run chmod 600 ${this.path}, and caisson keys new if somebody may have read them`
  }
}
export class KeyNotFound extends Schema.TaggedError<KeyNotFound>()("KeyNotFound", { keyId: Schema.String }) {
  override get message() {
    return `there is no token key ${this.keyId}: caisson keys list shows those that there are`
  }
}
/** Without its last key, no token could be verified or minted. */
export class LastKey extends Schema.TaggedError<LastKey>()("LastKey", { keyId: Schema.String }) {
  override get message() {
    return `${this.keyId} is the only token key: run caisson keys new first`
  }
}
/** A file of keys, of revocations or of used tokens cannot be read or written. Whatever needed it is refused. */
export class StoreFailed extends Schema.TaggedError<StoreFailed>()("StoreFailed", {
  path: Schema.String,
  detail: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be used: ${this.detail}`
  }
}

const Reason = Schema.Union([
  Malformed,
  UnknownVersion,
  UnknownKey,
  WrongSignature,
  Expired,
  NotYetValid,
  WrongUse,
  WrongAudience,
  WrongSession,
  WrongRun,
  WrongCode,
  WrongTemplate,
  WrongLanguage,
  Revoked,
  AlreadyUsed,
  UnknownCaveat,
  TooLarge,
  NoKeys,
  MalformedKeys,
  KeyFileExposed,
  KeyNotFound,
  LastKey,
  StoreFailed
])

/** Why a token was not made or not accepted. No message holds a key, a signature, or the text of a token. */
export class TokenError extends Schema.TaggedError<TokenError>()("TokenError", { reason: Reason }) {
  override get message() {
    return this.reason.message
  }
}

/** The failure of an operation on a file. */
export const storeFailed = (path: string, cause: unknown): TokenError => {
  if (cause instanceof TokenError) return cause
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new TokenError({ reason: new StoreFailed({ path, detail }) })
}
