import * as Result from "effect/Result"
import type { Terms, Use } from "./Terms.ts"
import {
  Expired,
  NotYetValid,
  TokenError,
  WrongAudience,
  WrongCode,
  WrongLanguage,
  WrongRun,
  WrongSession,
  WrongTemplate,
  WrongUse
} from "./TokenError.ts"

/** What a token is presented for. A token that is bound to something is refused where that is not said. */
export interface Circumstances {
  readonly use: Use
  readonly audience?: string | undefined
  readonly session?: string | undefined
  readonly run?: string | undefined
  /** SHA-256 of the code's UTF-8 text, in small hexadecimal digits. */
  readonly codeHash?: string | undefined
  readonly template?: string | undefined
  readonly language?: string | undefined
}

type Reason = TokenError["reason"]

const time = ({ expiresMillis, notBeforeMillis }: Terms, nowMillis: number): Reason | undefined => {
  if (expiresMillis !== undefined && !(nowMillis < expiresMillis)) return new Expired({ expiresMillis, nowMillis })
  if (notBeforeMillis !== undefined && !(nowMillis >= notBeforeMillis)) {
    return new NotYetValid({ notBeforeMillis, nowMillis })
  }
  return undefined
}

interface Binding {
  readonly expected: string
  readonly given?: string
}

const bound = (
  expected: string | undefined,
  given: string | undefined,
  refuse: (binding: Binding) => Reason
): Reason | undefined => {
  if (expected === undefined || expected === given) return undefined
  return refuse({ expected, ...(given === undefined ? {} : { given }) })
}

interface Choice {
  readonly allowed: ReadonlyArray<string>
  readonly given?: string
}

const oneOf = (
  allowed: ReadonlyArray<string> | undefined,
  given: string | undefined,
  refuse: (choice: Choice) => Reason
): Reason | undefined => {
  if (allowed === undefined || (given !== undefined && allowed.includes(given))) return undefined
  return refuse({ allowed, ...(given === undefined ? {} : { given }) })
}

/** A session has no language yet: whoever holds it looks at those of the token with each run. */
const isForLater = ({ language, use }: Circumstances): boolean => use === "session" && language === undefined

const refusal = (terms: Terms, nowMillis: number, given: Circumstances): Reason | undefined =>
  time(terms, nowMillis) ??
  (terms.use === "execution" && given.use !== "execution" ? new WrongUse() : undefined) ??
  bound(terms.audience, given.audience, (binding) => new WrongAudience(binding)) ??
  bound(terms.session, given.session, (binding) => new WrongSession(binding)) ??
  bound(terms.run, given.run, (binding) => new WrongRun(binding)) ??
  bound(terms.codeHash, given.codeHash, (binding) => new WrongCode(binding)) ??
  oneOf(terms.templates, given.template, (choice) => new WrongTemplate(choice)) ??
  (isForLater(given) ? undefined : oneOf(terms.languages, given.language, (choice) => new WrongLanguage(choice)))

/** Whether everything that was stated, by the grant or a caveat, agrees with what the token is presented for. */
export const check = (
  stated: ReadonlyArray<Terms>,
  nowMillis: number,
  circumstances: Circumstances
): Result.Result<void, TokenError> => {
  for (const terms of stated) {
    const reason = refusal(terms, nowMillis, circumstances)
    if (reason !== undefined) return Result.fail(new TokenError({ reason }))
  }
  return Result.succeed(undefined)
}
