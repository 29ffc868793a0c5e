import { resolve } from "node:path"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { AuditKey } from "../../audit/AuditKey.ts"
import type { Finding } from "../../audit/Inspection.ts"
import type { Report } from "../../audit/Verify.ts"
import { exitCodes } from "../ExitCode.ts"
import * as Flags from "../Flags.ts"
import * as InputFile from "../InputFile.ts"
import { Ended, UsageError } from "../Problem.ts"
import { root } from "../Root.ts"
import { Screen, type Side } from "../Screen.ts"
import * as AuditPlace from "./Place.ts"

/** A larger proof is nobody's. */
const fileBytesMax = 256 * 1_048_576

const read = (file: string) => InputFile.fromFile(file, fileBytesMax)

const findingLine = ({ detail, file, kind, line, seq }: Finding, side: Side, style: "red" | "yellow"): string =>
  `${side.tame(file)}:${line}  event ${seq}  ${side.paint(style, kind)}  ${side.tame(detail)}`

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

const summary = ({ checkpoints, events, findings, last, ok, segments }: Report, side: Side): string => {
  const read = `${counted(events, "event")} in ${counted(segments, "file")}, ${counted(checkpoints, "checkpoint")}`
  if (ok) return `${side.paint("green", "as it was written")}: ${read}, up to event ${last.seq} ${last.hash}`
  return `${side.paint("red", "not as it was written")}: ${counted(findings.length, "finding")}, ${read}`
}

const failed = new Ended({ exitCode: exitCodes.failed.code })

const verifyLog = Effect.fnUntraced(function* (
  home: string,
  keys: ReadonlyArray<AuditKey>,
  pinned: string | undefined
) {
  const { json } = yield* root
  const { verify } = yield* Effect.promise(() => import("../../audit/Verify.ts"))
  const { out } = yield* Screen
  const head = pinned === undefined ? undefined : yield* read(pinned)
  const report = yield* verify({ directory: AuditPlace.directoryOf(home), keys, pinned: head })
  if (json) yield* out.say(JSON.stringify(report))
  else {
    const found = report.findings.map((finding) => findingLine(finding, out, "red"))
    const noted = report.notes.map((note) => findingLine(note, out, "yellow"))
    yield* out.say([...found, ...noted, summary(report, out)].join("\n"))
  }
  if (!report.ok) return yield* failed
})

const verifyProof = Effect.fnUntraced(function* (file: string, keys: ReadonlyArray<AuditKey>) {
  const { json } = yield* root
  const { byId } = yield* Effect.promise(() => import("../../audit/AuditKey.ts"))
  const Proof = yield* Effect.promise(() => import("../../audit/Proof.ts"))
  const { lineOf } = yield* Effect.promise(() => import("./Line.ts"))
  const { out } = yield* Screen
  const checked = Proof.check(yield* read(file), byId(keys))
  if (Result.isFailure(checked)) {
    const fault = checked.failure
    yield* out.say(json ? JSON.stringify({ ok: false, fault }) : `${out.paint("red", "no proof")}: ${out.tame(fault)}`)
    return yield* failed
  }
  const { lines, log, run, session } = checked.success
  const whose = `run ${out.tame(run)} of session ${out.tame(session)}`
  const title = `${out.paint("green", "proven")}: ${lines.length} events of ${whose} are in log ${log}`
  const events = lines.map(({ text }) => lineOf(text, out))
  const plain = { ok: true, log, session, run, events: lines.length }
  yield* out.say(json ? JSON.stringify(plain) : [...events, title].join("\n"))
})

/** `caisson audit verify`. */
export const verify = Command.make(
  "verify",
  {
    keys: AuditPlace.keysFlag,
    head: Flags.text(
      "head",
      "FILE",
      "A copy of audit.head that was kept elsewhere: the log must still have what it names"
    ),
    proof: Flags.text("proof", "FILE", "Check a proof of `audit prove` instead; no log is needed for it")
  },
  Effect.fnUntraced(function* ({ head, keys: file, proof }) {
    const { home } = yield* root
    if (proof !== undefined && head !== undefined) {
      return yield* new UsageError({ reason: "Contradiction", message: "give --head or --proof, not both" })
    }
    const keys = yield* AuditPlace.readKeys(home, file)
    yield* proof === undefined ? verifyLog(home, keys, head) : verifyProof(resolve(proof), keys)
  })
).pipe(
  Command.withDescription(
    "Checks every event of the audit log, and says where it is not what was written: 0 if it is, 1 if it is not"
  )
)
