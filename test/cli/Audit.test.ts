import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { AuditError, LogLocked, RunAmbiguous } from "../../src/audit/AuditError.ts"
import type { NewEvent } from "../../src/audit/AuditEvent.ts"
import { exitCodeOf } from "../../src/cli/audit/Exit.ts"
import { temporaryDirectory } from "../session/directory.ts"
import { append, auditIn, inLogOf } from "./auditCommand.ts"
import { caisson, freshDirectory } from "./command.ts"

const event = (type: NewEvent["type"], run: string): NewEvent => ({
  type,
  session: "ses-1",
  run,
  data: { method: "bank.refund" }
})

/** A home with two runs in its log. */
const makeHome = Effect.gen(function* () {
  const home = yield* temporaryDirectory
  const events = ["run.started", "call.decided", "run.ended"] as const
  yield* Effect.forEach(["run-a", "run-b"], (run) => Effect.forEach(events, (type) => append(event(type, run)))).pipe(
    inLogOf(home)
  )
  return { home, caisson: auditIn(home) }
})

const segmentIn = (home: string): string => {
  const [name = ""] = readdirSync(join(home, "audit")).filter((file) => file.endsWith(".jsonl"))
  return join(home, "audit", name)
}

const typesOf = (out: string): ReadonlyArray<string> => out.split("\n").map((line) => JSON.parse(line).type)

describe("audit query", () => {
  it.live("A1 A3 prints the lines of a run as they stand in the log", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      const { code, out } = yield* caisson(["query", "--run", "run-a", "--json"])
      assert.strictEqual(code, 0)
      assert.deepStrictEqual(typesOf(out), ["run.started", "call.decided", "run.ended"])
      assert.include(readFileSync(segmentIn(home), "utf8"), out)
    })
  )

  it.live("A1 filters by type, time and number", () =>
    Effect.gen(function* () {
      const { caisson } = yield* makeHome
      const linesOf = (...words: ReadonlyArray<string>) =>
        Effect.map(caisson(["query", ...words, "--json"]), ({ out }) => (out === "" ? 0 : out.split("\n").length))
      assert.strictEqual(yield* linesOf("--type", "run.ended"), 2)
      assert.strictEqual(yield* linesOf("--session", "ses-1", "--since", "1h"), 6)
      assert.strictEqual(yield* linesOf("--session", "ses-1", "--until", "1h"), 0)
      assert.strictEqual(yield* linesOf("--since", "2999-01-01T00:00:00Z"), 0)
      assert.strictEqual(yield* linesOf("--limit", "3"), 3)
      assert.strictEqual(yield* linesOf("--run", "nobody"), 0)
    })
  )

  it.live("says for a person what happened", () =>
    Effect.gen(function* () {
      const { caisson } = yield* makeHome
      const { out } = yield* caisson(["query", "--run", "run-b"])
      const lines = out.split("\n")
      assert.lengthOf(lines, 3)
      assert.match(lines[1] ?? "", /^ +\d+ {2}\S+Z {2}call\.decided {2}ses-1 run-b {2}\{"method":"bank\.refund"\}$/)
    })
  )

  it.live("refuses a type and a time that are none, and a home without a log", () =>
    Effect.gen(function* () {
      const { caisson } = yield* makeHome
      assert.include((yield* caisson(["query", "--since", "soon"])).error?.message, "--since soon is not a time")
      assert.isDefined((yield* caisson(["query", "--type", "call"])).error)
      const { error } = yield* auditIn(yield* temporaryDirectory)(["query"])
      assert.include(error?.message, "there is no audit log")
    })
  )
})

describe("audit verify", () => {
  it.live("ends with 0 if the log is as it was written", () =>
    Effect.gen(function* () {
      const { caisson } = yield* makeHome
      const text = yield* caisson(["verify"])
      assert.strictEqual(text.code, 0)
      assert.match(text.out, /^as it was written: 8 events in 1 file, 1 checkpoint/)
      const report = JSON.parse((yield* caisson(["verify", "--json"])).out)
      assert.deepInclude(report, { ok: true, events: 8, findings: [] })
    })
  )

  it.live("A5 ends with 1 if it is not, and says where", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      const path = segmentIn(home)
      writeFileSync(path, readFileSync(path, "utf8").replace("bank.refund", "bank.return"))
      const text = yield* caisson(["verify"])
      assert.strictEqual(text.code, 1)
      assert.match(text.out, /^audit-000000000001\.jsonl:2 {2}event 2 {2}edit {2}/)
      const json = yield* caisson(["verify", "--json"])
      assert.strictEqual(json.code, 1)
      assert.deepInclude(JSON.parse(json.out).findings[0], { kind: "edit", line: 2, seq: 2 })
    })
  )

  it.live("A5 finds that a whole directory was put back, by a head that was kept elsewhere", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      const [backup, kept] = [join(home, "backup"), join(home, "kept.head")]
      cpSync(join(home, "audit"), backup, { recursive: true })
      yield* append(event("alert", "run-a")).pipe(inLogOf(home))
      cpSync(join(home, "audit", "audit.head"), kept)
      assert.strictEqual((yield* caisson(["verify", "--head", kept])).code, 0)
      rmSync(join(home, "audit"), { recursive: true })
      cpSync(backup, join(home, "audit"), { recursive: true })
      assert.strictEqual((yield* caisson(["verify"])).code, 0)
      const found = yield* caisson(["verify", "--head", kept, "--json"])
      assert.strictEqual(found.code, 1)
      assert.deepInclude(JSON.parse(found.out).findings[0], { kind: "truncation" })
    })
  )

  it.live("takes the keys from a file, the environment, or the home, and nothing else", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      const file = join(home, "audit.keys")
      assert.strictEqual(statSync(file).mode & 0o777, 0o600)
      const text = readFileSync(file, "utf8")
      const other = join(home, "other.keys")
      cpSync(file, other)
      rmSync(file)
      assert.include((yield* caisson(["verify"])).error?.message, "there are no keys")
      assert.isFalse(existsSync(file))
      assert.strictEqual((yield* caisson(["verify", "--keys", other])).code, 0)
      assert.strictEqual((yield* caisson(["verify"], { env: { CAISSON_AUDIT_KEYS: text } })).code, 0)
      chmodSync(other, 0o644)
      assert.include((yield* caisson(["verify", "--keys", other])).error?.message, "chmod 600")
      const wrong = `k:${Buffer.alloc(32, 1).toString("base64url")}`
      assert.strictEqual((yield* caisson(["verify"], { env: { CAISSON_AUDIT_KEYS: wrong } })).code, 1)
      const broken = yield* caisson(["verify"], { env: { CAISSON_AUDIT_KEYS: "hunter2" } })
      assert.isDefined(broken.error)
      assert.notInclude(broken.error?.message, "hunter2")
    })
  )
})

describe("audit prove", () => {
  it.live("writes what audit verify --proof accepts, with nothing else of the log", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      const proof = join(home, "proof.json")
      const { code, out } = yield* caisson(["prove", "--run", "run-a"])
      assert.strictEqual(code, 0)
      writeFileSync(proof, `${out}\n`)
      const elsewhere = auditIn(yield* temporaryDirectory)
      const keys = ["--keys", join(home, "audit.keys")]
      const checked = yield* elsewhere(["verify", "--proof", proof, "--json", ...keys])
      assert.deepInclude(JSON.parse(checked.out), { ok: true, session: "ses-1", run: "run-a", events: 3 })
      const text = yield* elsewhere(["verify", "--proof", proof, ...keys])
      assert.match(text.out, /proven: 3 events of run run-a of session ses-1 are in log [0-9a-f]{32}$/)
      writeFileSync(proof, `${out.replace("bank.refund", "bank.return")}\n`)
      const refused = yield* elsewhere(["verify", "--proof", proof, "--json", ...keys])
      assert.deepInclude(JSON.parse(refused.out), { ok: false })
      assert.strictEqual(refused.code, 1)
    })
  )

  it.live("asks for the session if several have a run of this id", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      yield* append({ ...event("run.started", "run-a"), session: "ses-2" }).pipe(inLogOf(home))
      const refused = yield* caisson(["prove", "--run", "run-a"])
      assert.include(refused.error?.message, "ses-1 and ses-2 among them: say which session is meant")
      const { code, out } = yield* caisson(["prove", "--session", "ses-2", "--run", "run-a"])
      assert.strictEqual(code, 0)
      assert.notInclude(out, "ses-1")
    })
  )

  it.live("refuses a run that the log does not have, and a proof that is not there", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      assert.include((yield* caisson(["prove", "--run", "nobody"])).error?.message, "no event of run nobody")
      const missing = yield* caisson(["verify", "--proof", join(home, "proof.json")])
      assert.include(missing.error?.message, "cannot be read")
    })
  )
})

describe("audit tail", () => {
  it.live("shows the last events", () =>
    Effect.gen(function* () {
      const { caisson } = yield* makeHome
      assert.deepStrictEqual(typesOf((yield* caisson(["tail", "-n", "2", "--json"])).out), [
        "run.ended",
        "log.checkpoint"
      ])
      const { out } = yield* caisson(["tail", "--type", "run.started", "-n", "1", "--json"])
      assert.strictEqual(JSON.parse(out).run, "run-b")
      assert.lengthOf((yield* caisson(["tail"])).out.split("\n"), 8)
    })
  )

  it.live("goes on with those that come, if asked to", () =>
    Effect.gen(function* () {
      const { caisson, home } = yield* makeHome
      yield* Effect.gen(function* () {
        const heard = yield* Deferred.make<string>()
        const told = (line: string) => {
          if (line.includes("alert")) Deferred.doneUnsafe(heard, Effect.succeed(line))
        }
        const started = yield* Deferred.make<void>()
        const toldFirst = (line: string) => {
          Deferred.doneUnsafe(started, Effect.void)
          told(line)
        }
        const fiber = yield* Effect.forkChild(caisson(["tail", "--follow", "-n", "1", "--json"], { told: toldFirst }))
        yield* Deferred.await(started)
        yield* append(event("alert", "run-c"))
        assert.strictEqual(JSON.parse(yield* Deferred.await(heard)).run, "run-c")
        yield* Fiber.interrupt(fiber)
      }).pipe(inLogOf(home))
    })
  )
})

describe("what an audit log fails with", () => {
  it("is not told as a run that failed, where the log is damaged", { timeout: 60_000 }, async () => {
    const cwd = freshDirectory()
    const run = () => caisson(["run", "-e", "1", "--audited", "--json"], { cwd })
    assert.strictEqual((await run()).code, 0)
    rmSync(join(cwd, ".caisson", "audit", "audit.head"))
    const { code, stderr } = await run()
    assert.strictEqual(code, 74)
    assert.include(stderr, "`caisson audit verify` says more")
  })

  it("has an exit code", () => {
    const locked = new AuditError({ reason: new LogLocked({ directory: "audit" }) })
    assert.strictEqual(exitCodeOf(locked), 69)
    const ambiguous = new AuditError({ reason: new RunAmbiguous({ run: "r1", sessions: ["ses-1", "ses-2"] }) })
    assert.strictEqual(exitCodeOf(ambiguous), 64)
  })
})
