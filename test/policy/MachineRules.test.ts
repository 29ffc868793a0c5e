import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Schema } from "effect"
import { decider, type Refusal } from "../../src/policy/machine/Decider.ts"
import { MachineRules, rulesFor } from "../../src/policy/machine/MachineRules.ts"
import { decide, type Policy } from "../../src/policy/Policy.ts"
import type { Context, Subject } from "../../src/policy/Subject.ts"
import * as Authority from "../../src/token/Authority.ts"
import { chains, statements, paths as tokenPaths } from "../token/statements.ts"
import { accepted, attenuate, mint, nowMillis } from "../token/tokens.ts"
import { policyOf } from "./policies.ts"

const codec = Schema.toCodecJson(MachineRules)

/** Rules as a journal, or another thread, gives them back. */
const carried = (rules: MachineRules | undefined): MachineRules | undefined =>
  rules && Schema.decodeUnknownSync(codec)(JSON.parse(JSON.stringify(Schema.encodeSync(codec)(rules))))

describe("the rules for a machine", () => {
  it("are none where everything is left to the guest", () => {
    const open = "defaults: { commands: allow, files: allow }"
    assert.isUndefined(rulesFor(undefined, {}, []))
    assert.isUndefined(rulesFor(policyOf(open), {}, []))
    const idle = policyOf(`${open}
rules:
  - { id: a, effect: allow, commands: ls }
  - { id: d, effect: detect, files: { paths: /etc/** } }
  - { id: other, effect: deny, files: { paths: /srv/** }, when: { tenant: other } }
  - { id: t, effect: deny, tools: "**" }`)
    assert.isUndefined(rulesFor(idle, { tenant: "own" }, []))
    assert.deepStrictEqual(rulesFor(idle, { tenant: "other" }, [])?.policy?.files, {
      default: "allow",
      rules: [{ id: "other", effect: "deny", access: ["read", "write"], paths: ["/srv/**"] }]
    })
  })

  it("are the policy's defaults if it says nothing, and those are to deny", () => {
    const { commands, files, name } = rulesFor(policyOf(""), {}, [])?.policy ?? {}
    assert.deepStrictEqual(
      { commands, files, name },
      {
        commands: { default: "deny", unparsable: "deny", rules: [] },
        files: { default: "deny", rules: [] },
        name: "test"
      }
    )
  })

  it("have of rules what decides, as it was written", () => {
    const policy = policyOf(`
defaults: { commands: allow, files: allow }
rules:
  - { id: rm, effect: deny, commands: ["rm -rf", "@downloader | @shell"], reason: it is gone }
  - { id: npm, effect: ask, commands: "npm {install,add}", when: { tenant: acme } }
  - { id: seen, effect: detect, commands: "curl **" }`)
    const expected: MachineRules = {
      policy: {
        id: policy.id,
        name: "test",
        commands: {
          default: "allow",
          unparsable: "deny",
          rules: [
            { id: "npm", effect: "ask", patterns: ["npm {install,add}"] },
            { id: "rm", effect: "deny", reason: "it is gone", patterns: ["rm -rf", "@downloader | @shell"] }
          ]
        }
      }
    }
    const rules = rulesFor(policy, { tenant: "acme" }, [])
    assert.deepStrictEqual(rules, expected)
    assert.deepStrictEqual(carried(rules), expected)
    assert.deepStrictEqual(structuredClone(rules), expected)
  })

  it("have the folders of tokens", () => {
    const token = { layer: "token a", read: ["/srv"], write: [], expiresMillis: 5 }
    assert.deepStrictEqual(rulesFor(undefined, {}, [token]), { tokens: [token] })
    assert.deepStrictEqual(carried(rulesFor(undefined, {}, [token])), { tokens: [token] })
  })
})

const Effect = Schema.Literals(["deny", "ask", "allow", "detect"])
const Decision = Schema.Literals(["deny", "ask", "allow"])
const Tenant = Schema.Literals(["", "acme", "other"])
const someOf = <S extends Schema.Top>(item: S, maximum: number) =>
  Schema.Array(item).check(Schema.isMinLength(1), Schema.isMaxLength(maximum))

const Pattern = Schema.Literals([
  "rm -rf",
  "rm **",
  "ls **",
  "git push --force",
  "@shell",
  "* > /etc/*",
  "LD_PRELOAD=*",
  "{cat,tee} /etc/*",
  "echo **",
  "sudo **",
  "env **",
  "xargs **"
])
const Glob = Schema.Literals(["/**", "/etc/**", "/srv/*", "/**/.env", "/srv/a", "/"])

const Drawn = Schema.Struct({
  commands: Decision,
  files: Decision,
  unparsable: Schema.Literals(["", "deny", "ask"]),
  rules: Schema.Array(
    Schema.Struct({
      effect: Effect,
      tenant: Tenant,
      access: Schema.Literals(["read", "write", "[read, write]"]),
      patterns: someOf(Pattern, 3),
      paths: Schema.Literals([0, 1]),
      globs: someOf(Glob, 2)
    })
  ).check(Schema.isMaxLength(6))
})

const listed = (texts: ReadonlyArray<string>) => JSON.stringify([...new Set(texts)])

const toPolicy = ({ commands, files, rules, unparsable }: typeof Drawn.Type): Policy =>
  policyOf(
    [
      `defaults: { commands: ${commands}, files: ${files} }`,
      ...(unparsable === "" ? [] : [`unparsable: ${unparsable}`]),
      ...(rules.length === 0 ? [] : ["rules:"]),
      ...rules.map(({ access, effect, globs, paths, patterns, tenant }, index) => {
        const when = tenant === "" ? "" : `, when: { tenant: ${tenant} }`
        const subject =
          paths === 1 ? `files: { access: ${access}, paths: ${listed(globs)} }` : `commands: ${listed(patterns)}`
        return `  - { id: r${index}, effect: ${effect}, ${subject}${when} }`
      })
    ].join("\n")
  )

const Words = someOf(
  Schema.Literals([
    "rm",
    "-rf",
    "-r",
    "--force",
    "/",
    "ls",
    "sudo",
    "env",
    "A=1",
    "xargs",
    "sh",
    "-c",
    "rm -rf /",
    "rm $X",
    "eval",
    "$X",
    "/bin/rm",
    "git",
    "push",
    "cat",
    "/etc/../etc/shadow",
    "echo"
  ]),
  7
)
const Around = Schema.Struct({
  assignments: Schema.Array(Schema.Literals(["LD_PRELOAD=x", "A=1"])).check(Schema.isMaxLength(2)),
  redirections: Schema.Array(
    Schema.Struct({
      direction: Schema.Literals(["in", "out"]),
      path: Schema.Literals(["/etc/passwd", "/tmp/x", "/dev/null"])
    })
  ).check(Schema.isMaxLength(2))
})
const commandLines = Arbitrary.array(Arbitrary.schema(Schema.Struct({ argv: Words, around: Around })), {
  minLength: 1,
  maxLength: 8
})

const filePaths = ["/", "/etc", "/etc/passwd", "/srv/a", "/srv/a/b", "/srv/../etc/x", "/x/.env", "x", "/..", "/a%2f"]

const agrees = (policy: Policy, subject: Subject, context: Context, refusal: Refusal | undefined) => {
  const { effect, reason, rule } = decide(policy, subject, context)
  const about = JSON.stringify(subject)
  if (effect === "allow") return assert.isUndefined(refusal, about)
  assert.deepInclude(refusal, { effect, rule, layer: "policy test" }, about)
  assert.isTrue(refusal?.reason.startsWith(reason), about)
}

const options = { arbitrary: { runs: 200 }, timeout: 120_000 }

describe("for all policies, a machine", () => {
  it.prop(
    "decides on commands and files as the policy does, from rules that were carried as text",
    [Arbitrary.schema(Drawn), commandLines, Arbitrary.schema(Tenant)],
    ([drawn, lines, tenant]) => {
      const policy = toPolicy(drawn)
      const context = { tenant }
      const decided = decider(carried(rulesFor(policy, context, [])), () => 0)
      for (const { argv, around } of lines) {
        const subject = { _tag: "Command", argv, around } as const
        agrees(policy, subject, context, decided.command(argv, around))
      }
      for (const path of filePaths) {
        for (const access of ["read", "write"] as const) {
          agrees(policy, { _tag: "File", access, path }, context, decided.file(path, access))
        }
      }
    },
    options
  )
})

let narrowed = 0

describe("for all tokens, a machine", () => {
  it.prop(
    "lets through what the token does, and no caveat makes that more",
    [statements, chains],
    ([grant, caveats]) => {
      const open = ({ capabilities, files }: typeof grant) => ({
        ...(capabilities === undefined ? {} : { capabilities }),
        ...(files === undefined ? {} : { files })
      })
      let { text } = mint(open(grant))
      let wide: ReadonlyArray<boolean> | undefined
      for (const caveat of [{}, ...caveats]) {
        text = attenuate(text, open(caveat)).text
        const authority = accepted(text)
        const rules = carried(rulesFor(undefined, {}, [{ layer: `token ${authority.id}`, ...authority.files }]))
        const { file } = decider(rules, () => nowMillis)
        const lets = tokenPaths.flatMap((path) => [file(path, "read") === undefined, file(path, "write") === undefined])
        const given = tokenPaths.flatMap((path) => [
          Authority.canRead(authority, path),
          Authority.canWrite(authority, path)
        ])
        assert.deepStrictEqual(lets, given)
        assert.isFalse(lets.some((isLet, index) => isLet && wide?.[index] === false))
        narrowed += lets.filter(Boolean).length
        wide = lets
      }
    },
    options
  )

  // How often is chance: once in six times it is less than a hundred.
  it("lets something through", () => assert.isAbove(narrowed, 0))
})
