import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { Capability } from "../../src/capability/Capability.ts"
import { end, makeWorld, printed, tier, valueOf } from "./world.ts"

const letter = { to: ["a@b"], subject: "hi" }

const accepted: ReadonlyArray<readonly [what: string, words: string, input: unknown]> = [
  ["S3 a whole number stays one", "--copies 3", { ...letter, copies: 3 }],
  ["S3 a number may have a fraction", "--weight 2.50", { ...letter, weight: 2.5 }],
  ["S3 a flag alone is true", "--urgent", { ...letter, urgent: true }],
  ["S3 a flag with no- is false", "--no-urgent", { ...letter, urgent: false }],
  ["S3 a value may follow an equals sign", "--copies=3 --urgent=false", { ...letter, copies: 3, urgent: false }],
  ["S3 one of some values", "--priority high", { ...letter, priority: "high" }],
  ["S3 a list by repeating its flag", "--to c@d", { ...letter, to: ["a@b", "c@d"] }],
  [
    "S3 an object by its properties",
    "--place.city Rome --place.floor 2",
    { ...letter, place: { city: "Rome", floor: 2 } }
  ],
  ["S3 an object as JSON", `--place '{"city":"Rome"}'`, { ...letter, place: { city: "Rome" } }],
  ["S3 names in another spelling", "--Copies 3", { ...letter, copies: 3 }]
]

const refused: ReadonlyArray<readonly [what: string, words: string, message: RegExp]> = [
  [
    "S3 a flag that is missing",
    "mail.send --subject s",
    /^tool: mail\.send: --to is required; see "tool mail\.send --help"\n$/
  ],
  ["S3 a fraction for a whole number", "mail.send --copies 2.5", /--copies takes a whole number, not "2\.5"/],
  ["S3 a text for a number", "mail.send --weight heavy", /--weight takes a number, not "heavy"/],
  ["S3 a value that is none of those allowed", "mail.send --priority mid", /--priority takes low or high, not "mid"/],
  ["S3 a flag that is not known", "mail.send --cc x", /--cc is not known: it takes --to, --subject, /],
  ["S3 a flag without its value", "mail.send --subject", /--subject takes text/],
  ["S3 a word that is no flag", "mail.send hello", /"hello" is no flag: it takes --to, /],
  ["S3 JSON that cannot be read", "mail.send --json '{'", /--json takes a JSON object/],
  [
    "S3 a word that is no flag of a tool that is not known",
    "mail.sned hello",
    /^tool: mail\.sned: "hello" is no flag: no flags are known of it; did you mean mail\.send\?\n$/
  ],
  ["S3 an option of its own that it has not", "--nonesuch", /^tool: --nonesuch is not known\nusage: tool NAME/],
  ["S3 no name", "", /^usage: tool NAME/]
]

const few = [Capability.make({ methods: "shop/refund" })]

const unknown: ReadonlyArray<readonly [what: string, words: string, message: string, input: string]> = [
  [
    "one that is there, but not for it",
    "mail.send --to a@b --copies 2",
    'tool: mail.send: CapabilityError: no capability allows "mail/send"; see "tool --list"\n',
    '[{"to":"a@b","copies":2}]'
  ],
  [
    "one whose name is misspelt, with JSON",
    `shop.refnd --json '{"order":"o","amount":1}' --amount 2`,
    'tool: shop.refnd: CapabilityError: no capability allows "shop/refnd"; did you mean shop.refund?\n',
    '[{"order":"o","amount":2}]'
  ],
  [
    "with flags below flags",
    "x --a.b 1 --a.c 2",
    'tool: x: CapabilityError: no capability allows "x"; see "tool --list"\n',
    '[{"a":{"b":1,"c":2}}]'
  ]
]

layer(tier, { excludeTestServices: true })("the command tool", (it) => {
  it.effect.each(accepted)("takes flags by the types of the schema: %s", ([, words, input]) =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      assert.strictEqual(
        yield* printed(session, `tool mail.send --to a@b --subject hi ${words} | jq -c .`),
        `${JSON.stringify({ sent: (input as typeof letter).to.length })}\n`
      )
      assert.deepStrictEqual(calls, [["send", input]])
    })
  )

  it.effect.each(refused)("calls nothing, and says what is allowed, for %s", ([, words, message]) =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      const { exitCode, stderr, stdout } = yield* end(session, `tool ${words}`)
      assert.match(stderr, message)
      assert.deepStrictEqual({ exitCode, stdout, calls }, { exitCode: 2, stdout: "", calls: [] })
    })
  )

  it.effect("S3 takes JSON as a word or from stdin, and flags beside it count more", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      yield* printed(session, `tool mail.send --json '{"to":["é"],"subject":"s","copies":1}' --copies 2`)
      yield* printed(session, `echo '{"to":["é"],"subject":"s"}' | tool mail.send --json -`)
      assert.deepStrictEqual(calls, [
        ["send", { to: ["é"], subject: "s", copies: 2 }],
        ["send", { to: ["é"], subject: "s" }]
      ])
    })
  )

  it.effect("S3 lists the tools, or those below a name, each with the first line of what it does", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      const shop = ["shop.orders.list\tLists the orders of a customer", "shop.refund\tPays money back"]
      const all = ["count\tCounts", "mail.send\tSends a letter", ...shop]
      assert.deepStrictEqual((yield* printed(session, "tool --list")).trimEnd().split("\n"), all)
      assert.deepStrictEqual((yield* printed(session, "tool --list shop.")).trimEnd().split("\n"), shop)
      assert.deepStrictEqual(yield* end(session, "tool --list bank"), {
        stdout: "",
        stderr: "tool: no tool begins with bank\n",
        exitCode: 1
      })
    })
  )

  it.effect("S3 says what a tool does, and which flags of which types it takes", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.strictEqual(
        yield* printed(session, "tool shop.orders.list --help"),
        `usage: tool shop.orders.list [--flag VALUE]... [--json OBJECT|-]

Lists the orders of a customer
The latest come first.

Flags:
  --customer  text (required)
      the customer's id
  --limit  a whole number
`
      )
      const help = yield* printed(session, "tool mail.send --help")
      for (const line of ["--to  text; may be repeated (required)", "--priority  low or high", "--weight  a number"]) {
        assert.include(help, `  ${line}\n`)
      }
    })
  )

  it.effect.each(unknown)("S3 puts a call of a tool that is not known to the host: %s", ([, words, message, input]) =>
    Effect.gen(function* () {
      const { calls, process, session } = yield* makeWorld({ capabilities: few })
      assert.deepStrictEqual(yield* end(session, `tool ${words}`), { stdout: "", stderr: message, exitCode: 1 })
      const recorded = (yield* (yield* process).entries(session.id)).flatMap(({ event }) =>
        event._tag === "Parked" ? event.calls : []
      )
      assert.deepStrictEqual(
        recorded.map((call) => [call.input, call.verdict._tag === "Denied" && call.verdict.error.reason]),
        [[input, "NoCapability"]]
      )
      assert.deepStrictEqual(calls, [])
    })
  )

  it.effect("S3 says that there is no tool where a capability covers its name, and which ones are like it", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.deepStrictEqual(yield* end(session, "tool shop.orders.lst --customer c || echo $?"), {
        stdout: "1\n",
        stderr: `tool: shop.orders.lst: CapabilityError: there is no tool "shop.orders.lst"; did you mean shop.orders.list?\n`,
        exitCode: 0
      })
    })
  )

  it.effect("S3 has no help for a tool that is not known, and asks nobody for it", () =>
    Effect.gen(function* () {
      const { process, session } = yield* makeWorld()
      assert.deepStrictEqual(yield* end(session, "tool shop.orders.lst --help"), {
        stdout: "",
        stderr: "tool: shop.orders.lst: there is no such tool; did you mean shop.orders.list?\n",
        exitCode: 127
      })
      const entries = yield* (yield* process).entries(session.id)
      assert.isFalse(entries.some(({ event }) => event._tag === "Parked"))
    })
  )

  it.effect("ends well for whatever is no name of a tool, and for flags with any name", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      for (const name of ["''", "..", "'*'", "a.b/c", "é", "$'a\\nb'", "__proto__", "$(printf 'a.%.0s' {1..100})a"]) {
        const { exitCode, stderr } = yield* end(session, `tool ${name} --__proto__.get 1`)
        assert.strictEqual(exitCode, 1, name)
        assert.match(stderr, /: CapabilityError: (no capability allows|there is no tool) ".*"; (see|did you mean) /)
      }
      assert.match((yield* end(session, "tool $(printf 'a%.0s' {1..300})")).stderr, /: RangeError: the path of a tool /)
      assert.strictEqual(yield* printed(session, "tool count --number 1"), "2\n")
    })
  )

  it.effect("S4 feeds a pipeline, which selects from what the tool gave", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      const script = "tool shop.orders.list --customer cus_1 | jq '[.[] | select(.disputed)] | .[0]' -c"
      assert.strictEqual(yield* printed(session, script), '{"id":"o-2","amount":80,"disputed":true}\n')
      assert.strictEqual(
        yield* printed(
          session,
          `tool shop.orders.list --customer cus_1 | jq -r '.[] | select(.disputed) | "\\(.id) \\(.amount)"' |
           while read -r id amount; do tool shop.refund --order "$id" --amount "$amount"; done`
        ),
        "refunded 80 of o-2\nrefunded 7 of o-3\n"
      )
      assert.deepStrictEqual(calls.slice(2), [
        ["refund", { order: "o-2", amount: 80 }],
        ["refund", { order: "o-3", amount: 7 }]
      ])
    })
  )

  it.effect("S4 is a command like others: in substitutions, conditions, functions and xargs", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      const script = `
        n=$(tool count --number 1); next() { tool count --number "$1"; }; next "$n"
        if tool count --number 5 > /dev/null; then echo yes; fi
        echo 7 8 | xargs -n 1 tool count --number`
      assert.strictEqual(yield* printed(session, script), "3\nyes\n8\n9\n")
      assert.deepStrictEqual(
        calls.map(([, input]) => input),
        [1, 2, 5, 7, 8]
      )
    })
  )

  it.effect("S5 asks for the same as JavaScript, and gets the same", () =>
    Effect.gen(function* () {
      const { calls, session } = yield* makeWorld()
      const byCode = yield* valueOf(session, `await shop.orders.list({ customer: "c", limit: 2 })`)
      const byCommand = JSON.parse(yield* printed(session, "tool shop.orders.list --customer c --limit 2"))
      assert.deepStrictEqual(byCommand, byCode)
      assert.lengthOf(byCode, 2)
      assert.deepStrictEqual(calls[1], calls[0])
    })
  )

  it.effect("T4 a result that JavaScript stored in a file is processed by the shell, and the other way round", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      yield* session.run(`await fs.writeFile("orders.json", JSON.stringify(await shop.orders.list({ customer: "c" })))`)
      assert.strictEqual(yield* printed(session, "jq 'map(.amount) | add' orders.json"), "99.5\n")
      yield* printed(session, "tool shop.orders.list --customer c --limit 1 > one.json")
      assert.deepStrictEqual(yield* valueOf(session, `JSON.parse(await fs.readFile("one.json")).length`), 1)
    })
  )

  it.effect("is in the files of the guest as well, with its types", () =>
    Effect.gen(function* () {
      const { session } = yield* makeWorld()
      assert.strictEqual(
        yield* printed(session, "ls /tools; jq -r .input.properties.copies.type /tools/mail.send.json"),
        "count.json\nmail.send.json\nshop.orders.list.json\nshop.refund.json\ninteger\n"
      )
    })
  )
})
