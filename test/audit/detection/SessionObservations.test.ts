import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Observation } from "../../../src/audit/detection/Observation.ts"
import * as SessionObservations from "../../../src/audit/detection/SessionObservations.ts"
import type { Entry, RecordedCall, SessionEvent } from "../../../src/session/SessionEvent.ts"

const turn = {
  run: "r1",
  delivered: [],
  nowMillis: 5,
  cancelled: [],
  output: [],
  usage: { cpuMillis: 1, memoryBytes: 1 }
}

const call = (id: string, verdict: RecordedCall["verdict"]): RecordedCall => ({
  id,
  digest: "",
  method: "bank/pay",
  input: '{"amount":5}',
  readOnly: false,
  idempotent: false,
  verdict
})

const started: SessionEvent = {
  _tag: "RunStarted",
  run: "r1",
  ordinal: 1,
  language: "javascript",
  source: "x",
  codeHash: "hash",
  nowMillis: 5
}

const entries = (...events: ReadonlyArray<SessionEvent>): ReadonlyArray<Entry> =>
  events.map((event, index) => ({ seq: index + 1, atMillis: 1_000 * (index + 1), event }))

const parked: SessionEvent = {
  _tag: "Parked",
  ...turn,
  output: [{ stream: "stdout", text: "hi\n" }],
  sleeps: [],
  calls: [
    call("1.1", { _tag: "Allowed", capability: "c" }),
    call("1.2", { _tag: "Asked", capability: "c", reason: "why" }),
    call("1.3", { _tag: "Denied", error: { name: "CapabilityError", message: "no", reason: "NoCapability" } })
  ]
}

type Ended = Extract<SessionEvent, { _tag: "RunEnded" }>

const ended = (outcome: Ended["outcome"]): Ended => ({
  _tag: "RunEnded",
  ...turn,
  outcome,
  rolledBack: false,
  quarantined: false
})

const source = { session: "s", tenant: "t" }

describe("observations of a session", () => {
  it("tell of runs, output, decisions, answers and results, in order, with ids of their entries", () => {
    const observations = SessionObservations.observationsOf(
      source,
      entries(
        started,
        parked,
        { _tag: "CallStarted", call: "1.1" },
        { _tag: "CallAnswered", call: "1.1", receipt: "committed", outcome: { _tag: "Succeeded", value: '"ö"' } },
        ended({ _tag: "Succeeded", value: "42" }),
        { _tag: "Closed" }
      )
    )
    const at = (seconds: number, id: string) => ({
      atMillis: 1_000 * seconds,
      session: "s",
      tenant: "t",
      run: "r1",
      id
    })
    const decided = { _tag: "CallDecided", method: "bank/pay", input: '{"amount":5}', readOnly: false } as const
    assert.deepStrictEqual(observations, [
      { ...at(1, "s:1"), _tag: "RunStarted", codeHash: "hash" },
      { ...at(2, "s:2.1"), _tag: "Output", stream: "stdout", text: "hi\n" },
      { ...at(2, "s:2.2"), ...decided, effect: "allow" },
      { ...at(2, "s:2.3"), ...decided, effect: "ask" },
      { ...at(2, "s:2.4"), ...decided, effect: "deny", reason: "NoCapability" },
      {
        ...at(4, "s:4"),
        _tag: "CallSettled",
        method: "bank/pay",
        receipt: "committed",
        readOnly: false,
        outputBytes: 4,
        value: '"ö"'
      },
      { ...at(5, "s:5"), _tag: "RunEnded", status: "completed", value: "42" }
    ])
    const isObservation = Schema.is(Observation)
    assert.isTrue(observations.every((observation) => isObservation(observation)))
  })

  it("tell of what a run threw, which leaves the guest as a result does", () => {
    const error = { name: "Error", message: "the key is k", stack: "    at k (run-1.ts:1:1)", line: 1, column: 1 }
    const [, seen] = SessionObservations.observationsOf(source, entries(started, ended({ _tag: "Rejected", error })))
    const { message, name, stack } = error
    assert.deepInclude(seen, { _tag: "RunEnded", status: "failed", value: JSON.stringify({ name, message, stack }) })
  })

  it("tell of texts that a run has shown as of those that it has printed", () => {
    const displays = [
      { mediaType: "text/html", text: "<b>k</b>" },
      { mediaType: "image/png", path: "/a.png" }
    ]
    const shown = { ...ended({ _tag: "Succeeded", value: "1" }), displays }
    const [, seen, last] = SessionObservations.observationsOf(source, entries(started, shown))
    assert.deepInclude(seen, { _tag: "Output", stream: "stdout", text: "<b>k</b>" })
    assert.strictEqual(last?._tag, "RunEnded")
  })

  it("tell of what a machine refused, the last with what was not listed", () => {
    const one = { kind: "command", effect: "deny", layer: "policy p", reason: "no" } as const
    const refusals = {
      first: [{ ...one, subject: "rm -rf /" }, { ...one, kind: "read", subject: "/etc/shadow" } as const],
      more: 5
    }
    const run = ended({ _tag: "Succeeded", value: "1" })
    const seen = SessionObservations.observationsOf(source, entries(started, { ...run, refusals }))
    assert.deepStrictEqual(
      seen.map((observation) =>
        observation._tag === "Refused" ? [observation.kind, observation.subject, observation.count] : observation._tag
      ),
      ["RunStarted", ["command", "rm -rf /", undefined], ["read", "/etc/shadow", 6], "RunEnded"]
    )
    assert.isTrue(seen.every((observation) => Schema.is(Observation)(observation)))
  })

  it("tell of limits, by their code or by what the engine says", () => {
    const limits = [
      { name: "LimitError", message: "long", reason: "CpuLimit" },
      { name: "LimitError", message: "many", reason: "ProcessLimit" },
      { name: "InternalError", message: "out of memory" },
      { name: "RangeError", message: "Maximum call stack size exceeded" },
      { name: "TypeError", message: "out of memory" },
      { name: "CapabilityError", message: "no", reason: "NoCapability" }
    ].map((error) =>
      SessionObservations.observationsOf(source, entries(started, ended({ _tag: "Rejected", error }))).flatMap(
        (observation) => (observation._tag === "LimitHit" ? [observation.limit] : [])
      )
    )
    assert.deepStrictEqual(limits, [["CpuLimit"], ["ProcessLimit"], ["MemoryLimit"], ["StackLimit"], [], []])
  })

  it("are the same when entries come one by one, and leave out answers to calls that nobody knows", () => {
    const all = entries(started, parked, {
      _tag: "CallAnswered",
      call: "9.9",
      receipt: "committed",
      outcome: { _tag: "Succeeded", value: "1" }
    })
    let observer = SessionObservations.begin(source)
    const single = all.flatMap((entry) => {
      const [next, observations] = SessionObservations.observe(observer, entry)
      observer = next
      return observations
    })
    assert.deepStrictEqual(single, SessionObservations.observationsOf(source, all))
    assert.lengthOf(single, 5)
  })
})
