/**
 * Signed permission that can travel.
 *
 * K1. Only who has a key can make a token; whoever has a token can narrow it, and nobody can widen one. See `Signature`.
 * K2. Nothing that a token says is read before its signature has been found right.
 * K3. What is not understood is refused: another version, an unknown field, another spelling of the same.
 */
import * as Result from "effect/Result"
import * as Authority from "./Authority.ts"
import * as Caveat from "./Caveat.ts"
import * as Circumstances from "./Circumstances.ts"
import * as Entropy from "./Entropy.ts"
import * as Grant from "./Grant.ts"
import * as KeyRing from "./KeyRing.ts"
import * as Signature from "./Signature.ts"
import * as Terms from "./Terms.ts"
import { Malformed, Revoked, TokenError, WrongSignature } from "./TokenError.ts"
import * as TokenText from "./TokenText.ts"

export interface MakeOptions {
  /** Where ids come from; default the system's randomness. Given the same, the same token is made. */
  readonly entropy?: Entropy.Entropy | undefined
}

/** A token as it is given away. */
export interface Made {
  /** What revokes it and everything that is narrowed from it: `tok_…`, or `cav_…` of its last caveat. */
  readonly id: string
  /** The token itself. Whoever has it can use it. */
  readonly text: string
}

/** Makes a token, signed with the first key of the ring. */
export const mint = (
  ring: KeyRing.KeyRing,
  grant: Grant.GrantInput,
  { entropy = Entropy.system }: MakeOptions = {}
): Result.Result<Made, TokenError> => {
  const id = Grant.idFrom(entropy)
  const decoded = Terms.decodeStated(Grant.form, grant, { id })
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure)
  const parts = { keyId: ring.signing.id, grant: TokenText.toBase64Url(Terms.encode(decoded.success)) }
  const signature = Signature.begin(ring.signing.secret, TokenText.signedText(parts))
  return Result.map(TokenText.format({ ...parts, caveats: [], signature }), (text) => ({ id, text }))
}

/**
 * Makes a token that gives less. No key is needed, and whether the token is valid is not looked at: if it is not, the narrower
 * one is not either.
 */
export const attenuate = (
  text: string,
  caveat: Caveat.CaveatInput,
  { entropy = Entropy.system }: MakeOptions = {}
): Result.Result<Made, TokenError> => {
  const parsed = TokenText.parse(text)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const { caveats, signature } = parsed.success
  const nonce = Caveat.nonceFrom(entropy)
  const decoded = Terms.decodeStated(Caveat.form(caveats.length + 1), caveat, { nonce })
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure)
  const segment = TokenText.toBase64Url(Terms.encode(decoded.success))
  const next = Signature.extend(signature, segment)
  const narrowed = TokenText.format({ ...parsed.success, caveats: [...caveats, segment], signature: next })
  return Result.map(narrowed, (text) => ({ id: Signature.caveatId(next), text }))
}

const decodeSegment = <A extends object, I>(segment: string, form: Terms.Form<A, I>): Result.Result<A, TokenError> => {
  const bytes = TokenText.fromBase64Url(segment)
  if (bytes !== undefined) return Terms.decodeBytes(form, bytes)
  const detail = "is not base64url in its canonical form"
  return Result.fail(new TokenError({ reason: new Malformed({ where: form.where, detail }) }))
}

const decodeGrant = ({ grant }: TokenText.TokenText) => decodeSegment(grant, Grant.form)

const decodeCaveat = (segment: string, index: number) => decodeSegment(segment, Caveat.form(index + 1))

/** What a token says of itself. It may have been made up by anybody. */
export interface Inspection {
  readonly verified: false
  readonly keyId: string
  /** What revokes it and what is narrowed from it; see `Made`. */
  readonly id: string
  readonly grant: Grant.Grant
  /** In the order in which they were added. */
  readonly caveats: ReadonlyArray<Caveat.Caveat>
}

/** Reads a token without a key. Nothing is verified: for people, never for a decision. */
export const inspect = (text: string): Result.Result<Inspection, TokenError> => {
  const parsed = TokenText.parse(text)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const { caveats, keyId, signature } = parsed.success
  const decoded = Result.all([decodeGrant(parsed.success), Result.all(caveats.map(decodeCaveat))])
  return Result.map(decoded, ([grant, stated]) => ({
    verified: false,
    keyId,
    id: stated.length === 0 ? grant.id : Signature.caveatId(signature),
    grant,
    caveats: stated
  }))
}

interface SignedCaveat {
  readonly id: string
  readonly segment: string
}

/** The caveats with their ids, if the signature is right. */
const authenticate = (
  ring: KeyRing.KeyRing,
  parsed: TokenText.TokenText
): Result.Result<ReadonlyArray<SignedCaveat>, TokenError> => {
  const key = KeyRing.find(ring, parsed.keyId)
  if (Result.isFailure(key)) return Result.fail(key.failure)
  let signature = Signature.begin(key.success.secret, TokenText.signedText(parsed))
  const caveats = parsed.caveats.map((segment): SignedCaveat => {
    signature = Signature.extend(signature, segment)
    return { id: Signature.caveatId(signature), segment }
  })
  return Signature.isEqual(signature, parsed.signature)
    ? Result.succeed(caveats)
    : Result.fail(new TokenError({ reason: new WrongSignature() }))
}

/**
 * The ids of a token whose signature is right: its own, then those of its caveats. Whether it would be accepted is not looked at:
 * it may have expired, and can still be revoked.
 */
export const identify = (ring: KeyRing.KeyRing, text: string): Result.Result<ReadonlyArray<string>, TokenError> => {
  const parsed = TokenText.parse(text)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const signed = authenticate(ring, parsed.success)
  if (Result.isFailure(signed)) return Result.fail(signed.failure)
  return Result.map(decodeGrant(parsed.success), ({ id }) => [id, ...signed.success.map(({ id }) => id)])
}

export interface VerifyContext extends Circumstances.Circumstances {
  readonly nowMillis: number
  /** Whether a token or a caveat has been revoked, by its id. */
  readonly isRevoked: (id: string) => boolean
}

/**
 * What a token gives, if it is accepted.
 *
 * **Gotchas**
 *
 * What can be used once is not used up: that is up to the caller, by the authority's `singleUses`, or to `Admission`.
 */
export const verify = (
  ring: KeyRing.KeyRing,
  text: string,
  { isRevoked, nowMillis, ...circumstances }: VerifyContext
): Result.Result<Authority.Authority, TokenError> => {
  const parsed = TokenText.parse(text)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const signed = authenticate(ring, parsed.success)
  if (Result.isFailure(signed)) return Result.fail(signed.failure)
  const decoded = Result.all([
    decodeGrant(parsed.success),
    Result.all(
      signed.success.map(({ id, segment }, index) =>
        Result.map(decodeCaveat(segment, index), (caveat) => ({ id, caveat }))
      )
    )
  ])
  if (Result.isFailure(decoded)) return Result.fail(decoded.failure)
  const [grant, caveats] = decoded.success
  const revoked = [grant.id, ...caveats.map(({ id }) => id)].find(isRevoked)
  if (revoked !== undefined) return Result.fail(new TokenError({ reason: new Revoked({ id: revoked }) }))
  const stated = [grant, ...caveats.map(({ caveat }) => caveat)]
  const checked = Circumstances.check(stated, nowMillis, circumstances)
  if (Result.isFailure(checked)) return Result.fail(checked.failure)
  return Authority.of(parsed.success.keyId, grant, caveats)
}
