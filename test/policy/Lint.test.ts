import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { lint } from "../../src/policy/Lint.ts"
import { decide } from "../../src/policy/Policy.ts"
import { policyOf } from "./policies.ts"

/** Warnings as `line rule kind`. A policy of these tests begins in line 3. */
const warned = (text: string): ReadonlyArray<string> =>
  lint(policyOf(text)).map(({ kind, position, rule = "" }) => `${position.line}:${position.column} ${rule} ${kind}`)

const rules = (...lines: ReadonlyArray<string>) => `rules:\n${lines.map((line) => `  - { ${line} }`).join("\n")}`

describe("lint", () => {
  it("has nothing against rules that all have something to say", () => {
    const policy = `
defaults: { tools: deny, commands: allow, network: deny }
${rules(
  "id: pay, effect: allow, tools: bank/pay, where: { amount: { le: 100 } }",
  "id: pay-more, effect: ask, tools: bank/pay, where: { amount: { gt: 50 } }",
  "id: never-huge, effect: deny, tools: bank/*, where: { amount: { gt: 1000 } }",
  'id: look, effect: detect, tools: "**"',
  "id: rm, effect: deny, commands: rm -rf",
  'id: api, effect: allow, network: { hosts: "*.example.com" }',
  "id: ports, effect: deny, network: { ports: 22 }"
)}
limits: [{ wallMillis: 10 }, { when: { tenant: a }, wallMillis: 5 }]`
    assert.deepStrictEqual(warned(policy), [])
  })

  it.each([
    ["allows what is denied", ["id: a, effect: allow, tools: bank/pay", "id: b, effect: deny, tools: bank/*"]],
    [
      "allows less than what is denied",
      [
        "id: a, effect: allow, tools: bank/pay, where: { amount: { le: 5 } }",
        'id: b, effect: deny, tools: "**", where: { amount: { lt: 10 } }'
      ]
    ],
    ["allows what is asked for", ["id: a, effect: allow, tools: [x, z1]", 'id: b, effect: ask, tools: "*"']],
    ["asks for what is denied", ["id: a, effect: ask, tools: x, when: { tenant: t }", "id: b, effect: deny, tools: x"]],
    [
      "allows a denied command",
      ["id: a, effect: allow, commands: rm -r -f /tmp/x", 'id: b, effect: deny, commands: "{rm,rmdir} -r"']
    ],
    [
      "allows a denied command in another order of its flags",
      ["id: a, effect: allow, commands: rm -fr /tmp/**", "id: b, effect: deny, commands: rm -rf"]
    ],
    [
      "asks for a denied command in another spelling",
      ["id: a, effect: ask, commands: rm --force -v -R", "id: b, effect: deny, commands: rm -rf"]
    ],
    [
      "allows a denied pipe's end",
      ['id: a, effect: ask, commands: "curl x | sh"', 'id: b, effect: deny, commands: "@shell"']
    ],
    [
      "allows a denied path",
      [
        "id: a, effect: allow, files: { access: read, paths: /etc/ssh/* }",
        'id: b, effect: deny, files: { paths: "/etc/**" }'
      ]
    ],
    [
      "allows a denied host",
      [
        "id: a, effect: allow, network: { hosts: a.b.com, ports: 80-81 }",
        'id: b, effect: deny, network: { hosts: "*.b.com", ports: 1-99 }'
      ]
    ],
    [
      "allows a denied address",
      ["id: a, effect: allow, network: { hosts: 10.1.0.0/16 }", "id: b, effect: deny, network: { hosts: 10.0.0.0/8 }"]
    ]
  ])("is certain that a rule is overruled that %s", (_, lines) => {
    assert.deepStrictEqual(warned(rules(...lines)), ["4:5 a overruled"])
  })

  it.each([
    ["other methods", ["id: a, effect: allow, tools: bank/*", "id: b, effect: deny, tools: bank/pay"]],
    [
      "other inputs",
      [
        "id: a, effect: allow, tools: x, where: { amount: { le: 10 } }",
        "id: b, effect: deny, tools: x, where: { amount: { lt: 10 } }"
      ]
    ],
    [
      "inputs that cannot be judged",
      [
        'id: c, effect: allow, tools: "*"',
        "id: a, effect: ask, tools: x, where: { name: { eq: admin } }",
        "id: b, effect: deny, tools: x, where: { name: { contains: admin } }"
      ]
    ],
    ["other tenants", ["id: a, effect: allow, tools: x", "id: b, effect: deny, tools: x, when: { tenant: t }"]],
    ["other flags", ["id: a, effect: allow, commands: rm -r *", "id: b, effect: deny, commands: rm -rf"]],
    ["other words", ["id: a, effect: allow, commands: git *", "id: b, effect: deny, commands: git push"]],
    ["other paths", ["id: a, effect: allow, files: { paths: /a/** }", "id: b, effect: deny, files: { paths: /a/* }"]],
    ["other ports", ["id: a, effect: allow, network: { ports: 1-10 }", "id: b, effect: deny, network: { ports: 1-9 }"]],
    [
      "public addresses",
      ["id: a, effect: allow, network: { hosts: x.com }", "id: b, effect: deny, network: { private: true }"]
    ]
  ])("does not warn about a rule that is also about %s", (_, lines) => {
    assert.deepStrictEqual(warned(rules(...lines)), [])
  })

  it("finds rules that are never met", () => {
    assert.deepStrictEqual(
      warned(
        rules(
          "id: a, effect: allow, tools: x, when: { tenants: [] }",
          "id: b, effect: ask, tools: []",
          "id: c, effect: allow, tools: z1, where: { amount: { gt: 5, lt: 3 } }",
          "id: d, effect: ask, tools: z2, where: { amount: { gt: 5, lt: 3 } }"
        )
      ),
      ["4:5 a never", "5:5 b never", "6:5 c never"]
    )
  })

  it("finds rules that say what another one says", () => {
    assert.deepStrictEqual(
      warned(
        rules("id: z, effect: allow, tools: x", "id: a, effect: allow, tools: x", 'id: b, effect: allow, tools: "*"')
      ),
      ["4:5 z duplicate", "5:5 a duplicate"]
    )
    assert.deepStrictEqual(warned(rules("id: z, effect: ask, tools: x", "id: a, effect: ask, tools: x")), [
      "5:5 a duplicate"
    ])
  })

  it("finds rules that say what the default says", () => {
    assert.deepStrictEqual(warned(rules("id: a, effect: deny, tools: x")), ["4:5 a idle"])
    assert.deepStrictEqual(
      warned(`defaults: { files: allow }\n${rules("id: a, effect: allow, files: { paths: /x }")}`),
      ["5:5 a idle"]
    )
    assert.deepStrictEqual(warned(rules("id: a, effect: allow, code: { languages: go }")), ["4:5 a idle"])
  })

  it("finds ceilings that are never the lowest", () => {
    assert.deepStrictEqual(
      warned(`limits:
  - { wallMillis: 10, outputBytes: 5 }
  - { when: { tenant: a }, wallMillis: 20 }
  - { when: { tenant: b }, wallMillis: 20, outputBytes: 1 }
  - { wallMillis: 10 }
  - { when: { tenants: [] }, wallMillis: 1 }`),
      ["5:5  unreachable", "7:5  unreachable", "8:5  never"]
    )
  })
})

const Drawn = Schema.Array(
  Schema.Struct({
    effect: Schema.Literals(["deny", "ask", "allow"]),
    commands: Schema.Literals([
      "rm -rf",
      "rm -r",
      "rm **",
      "rm",
      "rm *",
      "* **",
      "rm -r * > x",
      "X=* rm **",
      "a | rm",
      "rm -f /tmp/*"
    ]),
    tenant: Schema.Literals(["", "t"])
  })
).check(Schema.isMinLength(1), Schema.isMaxLength(5))

const scripts = [
  "rm",
  "rm a",
  "rm -r a",
  "rm -rf /tmp/a",
  "rm -f $X",
  "rm $X",
  "X=1 rm -rf a",
  "a | rm -r b",
  "rm -r a > x",
  "ls",
  "sudo rm -rf a",
  "$X a",
  "rm -r a; ls"
]

describe("a warning", () => {
  it.prop(
    "is certain: without a rule that it calls overruled or a duplicate, every decision stays the same",
    [Drawn, Schema.Literals(["deny", "ask", "allow"])],
    ([drawn, fallback]) => {
      const lines = drawn.map(
        ({ commands, effect, tenant }, index) =>
          `id: r${index}, effect: ${effect === "allow" && commands.includes("|") ? "ask" : effect}, commands: "${commands}"${tenant === "" ? "" : ", when: { tenant: t }"}`
      )
      const head = `defaults: { commands: ${fallback} }\nunparsable: ask\n`
      const policy = policyOf(`${head}${rules(...lines)}`)
      for (const { kind, rule } of lint(policy)) {
        if (rule === undefined || kind === "idle") continue
        const others = lines.filter((line) => !line.startsWith(`id: ${rule},`))
        const without = policyOf(others.length === 0 ? head : `${head}${rules(...others)}`)
        for (const script of scripts) {
          for (const context of [{}, { tenant: "t" }]) {
            const subject = { _tag: "Command", script } as const
            assert.strictEqual(
              decide(without, subject, context).effect,
              decide(policy, subject, context).effect,
              `${script} without ${rule} of\n${lines.join("\n")}`
            )
          }
        }
      }
    }
  )
})
