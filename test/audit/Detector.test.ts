import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Result, Schema } from "effect"
import * as Detector from "../../src/audit/Detector.ts"
import { Alert } from "../../src/audit/detection/Alert.ts"
import { Observation } from "../../src/audit/detection/Observation.ts"
import * as Recent from "../../src/audit/detection/Recent.ts"
import { make, repeat, told, Watcher, watch } from "./detection/observing.ts"

const honeytoken = { name: "key", value: "pay_live_4f9QzT7mXw2Lr8VbN1" }

const settings = {
  trusted: ["acme.example"],
  privileged: ["admin/**"],
  honeytokens: [honeytoken],
  bounds: { sessions: 4, tenants: 2, fields: 16, methods: 8, destinations: 8, fingerprints: 64, textCharacters: 1_024 },
  rules: { firstSeen: { learning: 10 }, denials: { burst: 3 }, recon: { methods: 3 } }
}

const detector = make(settings)

const Method = Schema.Literals(["db/query", "http/fetch", "mail/send", "admin/grant", "files/read", "kv/set"])
const Input = Schema.Record(
  Schema.Literals(["url", "to", "body", "amount", "path", "key"]),
  Schema.Union([
    Schema.String,
    Schema.Finite,
    Schema.Literals(["http://10.0.0.1/", "https://drop.example/", "eve@drop.example", "/etc/shadow", honeytoken.value])
  ])
)
const Step = Schema.Struct({
  kind: Schema.Literals(["call", "deny", "read", "fail", "print", "limit"]),
  session: Schema.Literals(["a", "b", "c", "d", "e", "f"]),
  method: Method,
  input: Input,
  pause: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000 }))
})
const Steps = Schema.Array(Step).check(Schema.isMaxLength(60))

const observationsOf = (steps: typeof Steps.Type): ReadonlyArray<Observation> => {
  const watchers = new Map<string, Watcher>()
  return steps.map(({ input, kind, method, pause, session }) => {
    const watcher = watchers.get(session) ?? new Watcher(session)
    watchers.set(session, watcher)
    watcher.pass(pause)
    if (kind === "call") return watcher.call(method, input)
    if (kind === "deny") return watcher.denied(method, input)
    if (kind === "read") return watcher.read(method, [input, "some text that is long enough to be known again"])
    if (kind === "fail") return watcher.failed(method)
    if (kind === "print") return watcher.printed(JSON.stringify(input))
    return { ...watcher.common(), _tag: "LimitHit", limit: "CpuLimit" }
  })
}

const sizeOf = (value: unknown): number => {
  if (typeof value === "string") return 2 * value.length
  if (typeof value !== "object" || value === null) return 8
  if (ArrayBuffer.isView(value)) return value.byteLength
  const parts =
    value instanceof Map || Symbol.iterator in value ? [...(value as Iterable<unknown>)] : Object.values(value)
  return parts.reduce<number>((sum, part) => sum + sizeOf(part), 16)
}

const isAlert = Schema.is(Alert)

describe("the detector", () => {
  it.prop(
    "gives the same alerts for the same stream, however it is cut, and leaves old states as they were",
    [Steps, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 }))],
    ([steps, cut]) => {
      const observations = observationsOf(steps)
      const whole = watch(detector, observations)
      const first = watch(detector, observations.slice(0, cut))
      watch(
        detector,
        repeat(5, () => new Watcher("a").denied("admin/grant")),
        first.state
      )
      const second = watch(make(settings), observations.slice(cut), first.state)
      assert.deepStrictEqual([...first.alerts, ...second.alerts], whole.alerts)
      assert.deepStrictEqual(watch(detector, observations).alerts, whole.alerts)
    },
    { arbitrary: { runs: 150 } }
  )

  it.prop(
    "raises alerts that are sound, have ids of their own, and never name a honeytoken's value",
    [Steps],
    ([steps]) => {
      const { alerts } = watch(detector, observationsOf(steps))
      assert.isTrue(alerts.every((alert) => isAlert(alert)))
      assert.strictEqual(new Set(alerts.map(({ id }) => id)).size, alerts.length)
      assert.isTrue(alerts.every(({ evidence }) => evidence.length > 0 && evidence.length <= 16))
      assert.notInclude(JSON.stringify(alerts), honeytoken.value)
    },
    { arbitrary: { runs: 150 } }
  )

  it.prop(
    "takes any observation at all",
    [Arbitrary.schema(Schema.Array(Observation).check(Schema.isMaxLength(20)))],
    ([observations]) => {
      const { alerts, state } = watch(detector, observations)
      assert.isTrue(alerts.every((alert) => isAlert(alert)))
      assert.isAtMost(Recent.size(state.sessions), 4)
    }
  )

  it("has a state that stops growing, of one session and of many, whatever they do", () => {
    const busy = (from: number, count: number) =>
      repeat(count, (index) => {
        const number = from + index
        const watcher = new Watcher(`s${number % 7}.${Math.floor(number / 500)}`)
        watcher.pass(number * 997)
        const text = `text ${number * 7_919} of ${number}`
        const input = {
          [`field${number}`]: number,
          url: `https://h${number}.example/${text}`,
          to: `p${number}@x.example`,
          text
        }
        return [
          watcher.call(`m${number}/send`, input),
          watcher.call("http/fetch", input),
          watcher.denied(`m${number}/get`, input),
          watcher.read("db/query", [text, input]),
          watcher.printed(text)
        ]
      }).flat()
    const early = watch(detector, busy(0, 1_500))
    const late = watch(detector, busy(1_500, 3_000), early.state)
    assert.isAtMost(sizeOf(late.state), 1.2 * sizeOf(early.state))
    assert.isAtMost(Recent.size(late.state.sessions), 4)
  })

  it("tells what its bounds cost", () => {
    const large = new Watcher("large").call("kv/set", { text: "x".repeat(5_000) })
    assert.deepStrictEqual(
      watch(detector, [large]).alerts.map(({ rule, title }) => [rule, title]),
      [["blind-spot", "a text was too large to be seen whole"]]
    )
    const many = repeat(20, (index) => new Watcher(`many${index}`).printed("x"))
    assert.include(
      watch(detector, many).alerts.map(({ title }) => title),
      "sessions were forgotten to make room for others"
    )
    const watcher = new Watcher("wide")
    const wide = repeat(30, (index) => watcher.call("kv/set", { [`field${index}`]: 1 }))
    assert.include(
      watch(detector, wide).alerts.map(({ title }) => title),
      "there is no room for more habits of this tenant"
    )
  })

  it("tells an attack once in a cool-down, then with how often it was, and at once if it gets worse", () => {
    const watcher = new Watcher()
    const file = (path: string) => watcher.denied("files/read", { path })
    const alone = make({ off: ["denial-spike"], cooldownMillis: 60_000 })
    const first = watch(alone, [file("/etc/passwd"), file("/etc/passwd"), file("/etc/passwd")])
    assert.deepStrictEqual(told(first.alerts), ["sensitive-file/medium"])
    const worse = watch(alone, [file("/etc/shadow"), file("/etc/passwd")], first.state)
    assert.deepStrictEqual(told(worse.alerts), ["sensitive-file/critical"])
    watcher.pass(60_000)
    const later = watch(alone, [file("/etc/passwd")], worse.state)
    assert.strictEqual(later.alerts[0]?.details["silenced"], 1)
  })

  it("raises no alerts of rules that are off, and has the reactions that it is given", () => {
    const shadow = new Watcher().denied("files/read", { path: "/etc/shadow" })
    assert.isEmpty(watch(make({ off: ["sensitive-file"] }), [shadow]).alerts)
    const [alert] = watch(make({ rules: { files: { reaction: "revoke" } } }), [shadow]).alerts
    assert.strictEqual(alert?.reaction, "revoke")
  })

  it("masks honeytokens in the hosts and paths that it names", () => {
    const watcher = new Watcher()
    const { alerts } = watch(detector, [
      watcher.denied("files/read", { path: `/root/.aws/credentials.${honeytoken.value}` }),
      watcher.call("http/fetch", { url: `http://${honeytoken.value}.internal/` })
    ])
    assert.sameMembers([...told(alerts)], ["honeytoken/critical", "sensitive-file/critical", "private-address/high"])
    assert.notInclude(JSON.stringify(alerts).toLowerCase(), honeytoken.value.toLowerCase())
    assert.include(JSON.stringify(alerts), "/root/.aws/credentials.[key]")
  })

  it("keeps the habits of tenants apart", () => {
    const watcher = new Watcher()
    const as = (tenant: string, observation: Observation): Observation => ({ ...observation, tenant })
    const learned = watch(
      detector,
      repeat(30, () => as("one", watcher.call("bank/pay", { amount: 10 })))
    )
    const huge = watcher.call("bank/pay", { amount: 1e6 })
    assert.deepStrictEqual(told(watch(detector, [as("one", huge)], learned.state).alerts), ["argument-drift/medium"])
    assert.isEmpty(watch(detector, [as("two", huge)], learned.state).alerts)
  })

  it("refuses settings that are not sound, by name", () => {
    const refusal = (input: object) => {
      const made = Detector.make(input)
      return Result.isFailure(made) ? made.failure.message : "accepted"
    }
    assert.match(refusal({ trustd: [] }), /trustd/)
    assert.match(refusal({ rules: { denials: { burst: 0 } } }), /rules\.denials\.burst/)
    assert.match(refusal({ honeytokens: [{ name: "x", value: "short" }] }), /honeytokens/)
    assert.match(refusal({ privileged: ["a/**b"] }), /privileged/)
    assert.match(refusal({ off: ["everything"] }), /off/)
    assert.strictEqual(refusal({}), "accepted")
  })
})
