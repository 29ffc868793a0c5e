/**
 * A proof that a log has certain lines of one run of one session, which can be checked with the log's key and nothing else of the log.
 *
 * P1. Each line is shown to be in the tree under a checkpoint, and the checkpoint to be signed. No byte of a proof can change.
 * P2. It proves that these lines are in the log, not that the run has no others: whether `run.started` and `run.ended` are
 *     among them, and whether their turns are complete, is for the reader to see.
 * P3. All of its lines are of the one session and run that it names. Of version 1, which named no session, they are all of the
 *     session of the first.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { AuditKey } from "./AuditKey.ts"
import { checkedLink } from "./Chain.ts"
import * as Checkpoint from "./Checkpoint.ts"
import * as MerkleTree from "./MerkleTree.ts"

/** A line with the siblings that lead from its leaf to the root. */
const ProvenLine = Schema.Struct({ line: Schema.String, path: Schema.Array(Checkpoint.Hash) })

/** The lines of the run under one checkpoint. */
const Group = Schema.Struct({ checkpoint: Checkpoint.Checkpoint, lines: Schema.Array(ProvenLine) })
export type Group = typeof Group.Type

const claim = { run: Schema.String, groups: Schema.Array(Group) }

export const Proof = Schema.Struct({ v: Schema.Literal(2), session: Schema.String, ...claim })
export type Proof = typeof Proof.Type

const EarlierProof = Schema.Struct({ v: Schema.Literal(1), ...claim })
const AnyProof = Schema.Union([Proof, EarlierProof])
type AnyProof = typeof AnyProof.Type

/** What a proof shows. */
export interface Proven {
  readonly session: string
  readonly run: string
  /** Id of the log. */
  readonly log: string
  readonly lines: ReadonlyArray<{ readonly seq: number; readonly text: string }>
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(AnyProof), { onExcessProperty: "error" })

/** The one text of a proof, with a line feed at its end. Any other text of the same value is refused. */
export const toText = (proof: AnyProof): string => {
  const { run, v } = proof
  const groups = proof.groups.map(({ checkpoint, lines }) => {
    const { from, head, key, log, mac, root, time, to } = checkpoint
    return {
      checkpoint: { from, head, key, log, mac, root, time, to },
      lines: lines.map(({ line, path }) => ({ line, path }))
    }
  })
  return `${JSON.stringify(proof.v === 1 ? { v, run, groups } : { v, session: proof.session, run, groups })}\n`
}

/** Whose events a proof is of. */
interface Whose {
  readonly session: string
  readonly run: string
}

const seqOf = (line: string, { run, session }: Whose): Result.Result<number, string> => {
  const link = checkedLink(Buffer.from(line))
  if (link === undefined) return Result.fail("a line is not as it was written")
  const event: Readonly<Record<string, unknown>> = JSON.parse(line)
  if (event["session"] !== session) return Result.fail(`event ${link.seq} is of another session`)
  return event["run"] === run ? Result.succeed(link.seq) : Result.fail(`event ${link.seq} is of another run`)
}

/** The session of a proof. A line that turns out not to be one is found when it is its turn. */
const sessionOf = (proof: AnyProof): Result.Result<string, string> => {
  if (proof.v === 2) return Result.succeed(proof.session)
  const { line = "" } = proof.groups[0]?.lines[0] ?? {}
  if (checkedLink(Buffer.from(line)) === undefined) return Result.fail("a line is not as it was written")
  const event: Readonly<Record<string, unknown>> = JSON.parse(line)
  const session = event["session"]
  return typeof session === "string" ? Result.succeed(session) : Result.fail("its first line is of no session")
}

const checkGroup = ({ checkpoint, lines }: Group, whose: Whose, after: number, keys: ReadonlyMap<string, AuditKey>) =>
  Result.gen(function* () {
    const fault = Checkpoint.faultOf(checkpoint, keys)
    if (fault !== undefined) return yield* Result.fail(`a checkpoint cannot be relied on: ${fault}`)
    const size = checkpoint.to - checkpoint.from + 1
    const proven: Array<Proven["lines"][number]> = []
    for (const { line, path } of lines) {
      const seq = yield* seqOf(line, whose)
      const index = seq - checkpoint.from
      if (seq <= (proven.at(-1)?.seq ?? after)) return yield* Result.fail(`event ${seq} is out of its order`)
      if (index < 0 || index >= size) return yield* Result.fail(`event ${seq} is not under its checkpoint`)
      const { hash = "" } = checkedLink(Buffer.from(line)) ?? {}
      const root = MerkleTree.rootFrom(MerkleTree.leafOf(hash), index, size, path)
      if (root !== checkpoint.root) return yield* Result.fail(`event ${seq} is not in the tree that was signed`)
      proven.push({ seq, text: line })
    }
    return proven
  })

/** Checks a proof's text. Fails with what is wrong with it. */
export const check = (text: string, keys: ReadonlyMap<string, AuditKey>): Result.Result<Proven, string> =>
  Result.gen(function* () {
    const proof = yield* Result.mapError(decode(text), () => "it has not the form of a proof")
    if (toText(proof) !== text) return yield* Result.fail("it is not written as proofs are")
    const log = proof.groups[0]?.checkpoint.log
    if (log === undefined) return yield* Result.fail("it proves nothing")
    const whose = { session: yield* sessionOf(proof), run: proof.run }
    const lines: Array<Proven["lines"][number]> = []
    for (const group of proof.groups) {
      if (group.checkpoint.log !== log) return yield* Result.fail("it mixes the lines of two logs")
      if (group.lines.length === 0) return yield* Result.fail("it has a checkpoint without a line")
      lines.push(...(yield* checkGroup(group, whose, lines.at(-1)?.seq ?? 0, keys)))
    }
    return { ...whose, log, lines }
  })
