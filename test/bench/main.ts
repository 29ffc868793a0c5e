/**
 * `npm run bench`: figures of the built package beside bare ones (quickjs-wasi in this thread, messages to a thread and
 * back, a cold node), measured in the same run. Nothing here passes or fails; a goal is
 * printed beside what was measured. Not measured: networks, disks that are slow to sync, more than one session at a time on
 * one VM.
 */
import { execFileSync, fork } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Capability, Home, Journal, Sandbox, Sessions, Tool, Toolkit } from "caisson"
import { Context, Effect, Exit, ManagedRuntime, Schema, Scope } from "effect"
import type { Figure } from "./Authority.ts"
import * as Measure from "./Measure.ts"

/** What only some figures need is loaded with them: the memory of this process is one of the others. */
const engine = () => import("./Bare.ts")

const root = mkdtempSync(join(tmpdir(), "caisson-bench-"))
process.on("exit", () => rmSync(root, { recursive: true, force: true }))

const isWanted = (name: string) => process.argv.length <= 2 || process.argv.slice(2).some((part) => name.includes(part))

const report = (figure: string, ours: string, bare: string, ratio: string, goal: string) => {
  process.send?.({ figure, ours, bare, ratio, goal })
  process.stderr.write(`  ${figure}: ${ours} (goal ${goal})\n`)
}
const millis = (value: number) => `${value.toFixed(2)} ms`
const mebibytes = (bytes: number) => `${(bytes / 1_048_576).toFixed(1)} MiB`
const times = (value: number) => `${value.toFixed(2)} x`

const policyText = `version: 1
name: bench
defaults: { tools: allow }
rules:
${Array.from({ length: 20 }, (_, index) => `  - { id: rule-${index}, effect: deny, tools: ["bank/*"], where: { amount: { gt: ${1_000_000 + index} } } }`).join("\n")}
`

const Amount = Schema.Struct({ amount: Schema.Finite })
const tool = (name: string, readOnly: boolean) =>
  Tool.make(name, {
    description: name,
    input: Amount,
    output: Schema.Finite,
    readOnly,
    execute: ({ amount }) => Effect.succeed(amount * 2)
  })
const toolkit = await Effect.runPromise(
  Toolkit.make([tool("math.double", true), tool("bank.pay", false), tool("bank.ask", false)])
)
const grants: Sessions.Grants = {
  toolkit,
  capabilities: [
    Capability.make({ methods: ["math/*", "bank/pay"] }),
    Capability.make({ methods: "bank/ask", mode: "ask" })
  ]
}

/** A home in a directory of its own for the length of one measurement. */
const withHome = async <A>(
  options: Partial<Home.HomeOptions>,
  body: (home: {
    readonly directory: string
    readonly run: <B, E>(effect: Effect.Effect<B, E, Home.Home | Scope.Scope>) => Promise<B>
  }) => Promise<A>
): Promise<A> => {
  const directory = mkdtempSync(join(root, "home-"))
  const runtime = ManagedRuntime.make(Home.layer({ directory, ...options }))
  const scope = Scope.makeUnsafe()
  try {
    return await body({ directory, run: (effect) => runtime.runPromise(Scope.provide(effect, scope)) })
  } finally {
    await Effect.runPromise(Scope.close(scope, Exit.void))
    await runtime.dispose()
  }
}

const sandboxes = () =>
  withHome({}, async ({ run }) => {
    const Bare = await engine()
    const { bare, ours, ratio } = await Measure.paired(
      2_000,
      () => run(Effect.asVoid(Sandbox.runOnce("1+1"))),
      Bare.createAndAdd
    )
    report(
      "create a sandbox, run 1+1, close it; p50 in a warm pool, after 200 others",
      millis(ours.median),
      millis(bare.median),
      times(ratio),
      "<= 1.5 ms"
    )
  })

const resumes = () =>
  withHome({ sessions: { machinesMax: 1 } }, async ({ run }) => {
    const opened = await run(
      Effect.forEach(Array.from({ length: 400 }), () =>
        Effect.gen(function* () {
          const sessions = yield* Sessions.Sessions
          const session = yield* sessions.open(grants)
          yield* session.run("const before = 1; before + (await bank.ask({ amount: 4 }))")
          return session
        })
      )
    )
    const left = [...opened]
    const Bare = await engine()
    const { bare, ours, ratio } = await Measure.paired(
      opened.length,
      async () => {
        const session = left.shift()
        const call = session?.state().open.keys().next().value
        if (session === undefined || call === undefined) throw new Error("no paused session is left")
        const result = await run(session.answer(call, { _tag: "Approve" }))
        if (result._tag !== "Completed") throw new Error(JSON.stringify(result))
      },
      Bare.restoreAndSettle
    )
    report(
      "approve a paused call of a parked session, to completion; p50 after 40 others",
      millis(ours.median),
      millis(bare.median),
      times(ratio),
      "<= 4 ms"
    )
  })

const snapshots = () =>
  withHome({}, async ({ run }) => {
    const source =
      "var name = 'ann'; var amounts = [1, 2, 3]; var customer = { id: 7, open: true }; var double = (x) => 2 * x; 0"
    const result = await run(
      Effect.gen(function* () {
        return yield* (yield* (yield* Sessions.Sessions).open(grants)).run(source)
      })
    )
    const bare = await (await engine()).snapshotBytes(source)
    const bytes = result.metrics.snapshotBytes
    report("snapshot of a session with a few variables", `${bytes} B`, `${bare} B`, times(bytes / bare), "<= 8192 B")
  })

/** Calls of one session, so many at the same time. */
const calls = (path: string, count: number, together: number, figure: string, goal: string) =>
  withHome({}, async ({ run }) => {
    const session = await run(Effect.flatMap(Sessions.Sessions, (sessions) => sessions.open(grants)))
    const code = (times: number) =>
      `var sum = 0
      for (let i = 0; i < ${times}; i += ${together}) {
        const calls = Array.from({ length: ${together} }, (_, index) => ${path}({ amount: i + index }))
        for (const doubled of await Promise.all(calls)) sum += doubled
      }
      sum`
    await run(session.run(code(together * 50)))
    const rates: Array<number> = []
    for (let round = 0; round < 5; round++) {
      const start = performance.now()
      const result = await run(session.run(code(count)))
      if (result._tag !== "Completed") throw new Error(JSON.stringify(result))
      rates.push((count / (performance.now() - start)) * 1_000)
    }
    const bare = await (await engine()).messagesPerSecond(2_000)
    const { median } = Measure.of(rates)
    report(figure, `${Math.round(median)} /s`, `${Math.round(bare)} /s`, times(median / bare), goal)
  })

/** Durable calls with and without a policy and an audit log, in turn. */
const overhead = () =>
  withHome({}, async (bare) => {
    const policy = join(bare.directory, "bench.policy.yaml")
    writeFileSync(policy, policyText)
    await withHome({ policy, audit: {} }, async (guarded) => {
      const count = 100
      const code = `for (let i = 0; i < ${count}; i++) await bank.pay({ amount: i })`
      const opened = await Promise.all(
        [guarded, bare].map(({ run }) => run(Effect.flatMap(Sessions.Sessions, (sessions) => sessions.open(grants))))
      )
      const [withThem, without] = opened
      if (withThem === undefined || without === undefined) throw new Error("no session was opened")
      const { bare: alone, ratio } = await Measure.paired(
        150,
        () => guarded.run(Effect.asVoid(withThem.run(code))),
        () => bare.run(Effect.asVoid(without.run(code)))
      )
      report(
        "a policy of 20 rules and the audit log, added to a durable call",
        `${(100 * (ratio - 1)).toFixed(1)} %`,
        millis(alone.median / count),
        times(ratio),
        "<= 15 %"
      )
    })
  })

const listed = async (figures: Promise<ReadonlyArray<Figure>>) => {
  for (const { figure, goal, ours } of await figures) report(figure, ours, "-", "-", goal)
}

const directoryBytes = (directory: string) =>
  readdirSync(directory).reduce((sum, file) => sum + statSync(join(directory, file)).size, 0)

const liveSessions = () =>
  withHome({}, async ({ run }) => {
    await run(
      Effect.forEach(Array.from({ length: 500 }), (_, index) =>
        Effect.gen(function* () {
          const session = yield* (yield* Sessions.Sessions).open(grants)
          yield* session.run(`var own = ${index}; own`)
        })
      )
    )
    const live = await run(Effect.map(Sessions.Sessions, (sessions) => sessions.machines().live))
    const rss = process.memoryUsage().rss
    const figure = `500 live sessions, ${live} of them with a machine (the default); memory of the whole process`
    report(figure, mebibytes(rss), "-", "-", "<= 400 MiB")
  })

const parkedSessions = () =>
  withHome({ sessions: { machinesMax: 8 } }, async ({ directory, run }) => {
    const count = 10_000
    await run(
      Effect.forEach(
        Array.from({ length: count }),
        (_, index) =>
          Effect.scoped(
            Effect.gen(function* () {
              const session = yield* (yield* Sessions.Sessions).open(grants)
              yield* session.run(`var own = ${index}; await bank.ask({ amount: own })`)
            })
          ),
        { concurrency: 4, discard: true }
      )
    )
    const live = await run(Effect.map(Sessions.Sessions, (sessions) => sessions.machines().live))
    const bytes = directoryBytes(directory)
    report(`${count} parked sessions on disk, ${live} of them in memory`, mebibytes(bytes), "-", "-", "<= 150 MiB")
  })

/** As it is published: built, and started by its launcher. */
const coldStart = async () => {
  const args = [
    join(import.meta.dirname, "../../bin/caisson.cjs"),
    "run",
    "-e",
    "1+1",
    "--home",
    mkdtempSync(join(root, "cli-"))
  ]
  const { bare, ours, ratio } = await Measure.paired(
    10,
    async () => void execFileSync(process.execPath, args, { stdio: "ignore" }),
    async () => void execFileSync(process.execPath, ["-e", "1+1"], { stdio: "ignore" })
  )
  report(
    "cold `caisson run -e 1+1` (beside it: cold node)",
    millis(ours.median),
    millis(bare.median),
    times(ratio),
    "<= 350 ms"
  )
}

const journal = () =>
  withHome({}, async ({ run }) => {
    const service = await run(Effect.map(Effect.context<Journal.Journal>(), Context.get(Journal.Journal)))
    const session = await run(Effect.flatMap(Sessions.Sessions, (sessions) => sessions.open(grants)))
    let after = session.state().seq
    const sample = await Measure.alone(500, () =>
      run(
        service.append(
          { session: session.id, epoch: 1 },
          {
            entries: [{ seq: ++after, atMillis: 0, event: { _tag: "CallStarted", call: "1.1" } }],
            snapshots: [],
            status: "idle",
            dueMillis: null
          }
        )
      )
    )
    report("append one entry to the journal; p50", millis(sample.median), "-", "-", "<= 0.12 ms")
  })

const figures: ReadonlyArray<readonly [string, () => Promise<void>]> = [
  ["live", liveSessions],
  ["create", sandboxes],
  ["resume", resumes],
  ["snapshot", snapshots],
  ["journal", journal],
  ["durable", () => calls("bank.pay", 500, 1, "durable calls of one session, one after the other", ">= 700 /s")],
  ["durable", () => calls("bank.pay", 1_600, 16, "durable calls of one session, 16 at a time", ">= 700 /s")],
  ["readonly", () => calls("math.double", 4_000, 1, "read-only calls of one session, one after the other", "-")],
  ["readonly", () => calls("math.double", 12_800, 64, "read-only calls of one session, 64 at a time", ">= 15000 /s")],
  ["overhead", overhead],
  ["shell", async () => listed((await import("./Shell.ts")).figures())],
  ["machines", async () => listed((await import("./Machines.ts")).figures())],
  ["token", async () => listed((await import("./Authority.ts")).tokens())],
  ["audit", async () => listed((await import("./Authority.ts")).audit(root))],
  ["detection", async () => listed((await import("./Detection.ts")).figures())],
  ["parked", parkedSessions],
  ["cold", coldStart]
]
/** Has a process of its own measure a kind of figures: what others have left in memory would be part of them. */
const apart = async (name: string): Promise<ReadonlyArray<unknown>> => {
  const rows: Array<unknown> = []
  const child = fork(import.meta.filename, [name])
  child.on("message", (row) => rows.push(row))
  // What it has sent may come after its end.
  const [[code]] = await Promise.all([once(child, "exit"), once(child, "disconnect")])
  if (code !== 0) throw new Error(`${name} could not be measured`)
  return rows
}

if (process.send !== undefined) {
  for (const [name, measure] of figures) if (isWanted(name)) await measure()
} else {
  const rows: Array<unknown> = []
  for (const name of new Set(figures.map(([name]) => name))) if (isWanted(name)) rows.push(...(await apart(name)))
  console.table(rows)
}
