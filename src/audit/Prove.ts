/** Makes the proof of a run from its log. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { AuditError, damaged, NotCovered, RunAmbiguous, RunNotFound } from "./AuditError.ts"
import * as Checkpoint from "./Checkpoint.ts"
import * as MerkleTree from "./MerkleTree.ts"
import type { Group, Proof } from "./Proof.ts"
import { type FoundLine, type Index, open } from "./Query.ts"

/** A run with more events than these is not proven. */
const linesMax = 100_000

const collect = (index: Index, filter: Parameters<Index["find"]>[0]) => Stream.runCollect(index.find(filter))

const fieldOf = ({ text }: FoundLine, field: "data" | "hash" | "session"): unknown => {
  const event: Readonly<Record<string, unknown>> = JSON.parse(text)
  return event[field]
}

/** The checkpoint that covers a line. */
const checkpointAfter = Effect.fnUntraced(function* (index: Index, run: string, seq: number) {
  const [line] = yield* collect(index, { type: "log.checkpoint", after: seq, limit: 1 })
  if (line === undefined) return yield* new AuditError({ reason: new NotCovered({ run, seq }) })
  const checkpoint = Checkpoint.read(fieldOf(line, "data"))
  if (checkpoint !== undefined) return checkpoint
  return yield* damaged("the log", 0, `event ${line.seq} is no checkpoint`)
})

const groupUnder = Effect.fnUntraced(function* (
  index: Index,
  checkpoint: Checkpoint.Checkpoint,
  lines: ReadonlyArray<FoundLine>
) {
  const { from, root, to } = checkpoint
  const size = to - from + 1
  const all = yield* collect(index, { after: from - 1, limit: size })
  const leaves = all.map((line) => MerkleTree.leafOf(String(fieldOf(line, "hash"))))
  const tree = leaves.length === size ? MerkleTree.treeOf(leaves) : undefined
  if (tree?.root !== root) {
    return yield* damaged("the log", 0, `events ${from} to ${to} are not those that their checkpoint signs`)
  }
  const proven = lines.map(({ seq, text }) => ({ line: text, path: tree.pathOf(seq - from) }))
  return { checkpoint, lines: proven } satisfies Group
})

/** The one session of the log that has a run of this id. */
const sessionWith = Effect.fnUntraced(function* (index: Index, run: string) {
  const sessions = new Set<string>()
  yield* Stream.runForEach(index.find({ run, limit: Number.MAX_SAFE_INTEGER }), (line) =>
    Effect.sync(() => {
      const session = fieldOf(line, "session")
      if (typeof session === "string") sessions.add(session)
    })
  )
  const [session] = sessions
  if (session === undefined) return yield* new AuditError({ reason: new RunNotFound({ run }) })
  if (sessions.size === 1) return session
  return yield* new AuditError({ reason: new RunAmbiguous({ run, sessions: [...sessions] }) })
})

/** Which run to prove. */
export interface ProveOptions {
  readonly run: string
  /** Need not be given if only one session of the log has a run of this id. */
  readonly session?: string | undefined
}

/**
 * Proves all events that a log has of one run of one session. Fails with `RunAmbiguous` if several sessions might be meant, and
 * with `NotCovered` while the last of the events are under no checkpoint.
 */
export const prove = Effect.fn("Prove.prove")(function* (directory: string, options: ProveOptions) {
  const { run } = options
  const index = yield* open(directory)
  const session = options.session ?? (yield* sessionWith(index, run))
  const lines = yield* collect(index, { session, run, limit: linesMax })
  if (lines.length === 0) return yield* new AuditError({ reason: new RunNotFound({ run, session }) })
  const groups: Array<Group> = []
  for (let rest = lines; rest[0] !== undefined; ) {
    const checkpoint = yield* checkpointAfter(index, run, rest[0].seq)
    const behind = rest.findIndex(({ seq }) => seq > checkpoint.to)
    const covered = behind === -1 ? rest : rest.slice(0, behind)
    groups.push(yield* groupUnder(index, checkpoint, covered))
    rest = rest.slice(covered.length)
  }
  return { v: 2, session, run, groups } satisfies Proof
}, Effect.scoped)
