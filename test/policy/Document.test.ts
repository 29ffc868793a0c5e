import { assert, describe, it } from "@effect/vitest"
import { stepsOf } from "../work.ts"
import { errorOf, issuesOf, policyOf } from "./policies.ts"

const head = "version: 1\nname: test\n"
const rule = (text: string) => `${head}rules:\n  - id: r\n    effect: deny\n    ${text}\n`
const ceilings = "memoryMebibytes, stackKibibytes"

/** A file, and what is said of it. Lines 1 and 2 are the version and the name; a rule begins in line 4. */
const broken: ReadonlyArray<readonly [string, string, ReadonlyArray<string>]> = [
  ["a file that is empty", "", ["1:1 expected a policy"]],
  ["a file that is a list", "- 1\n", ["1:1 expected a policy"]],
  ["no version", "name: x\n", ["1:1 the policy has no version"]],
  ["another version", "version: 2\nname: x\n", ["1:10 this version of the format is not known"]],
  ["a version as text", "version: '1'\nname: x\n", ["1:10 this version of the format is not known"]],
  ["no name", "version: 1\n", ["1:1 the policy has no name"]],
  ["an empty name", "version: 1\nname: ''\n", ["2:7 expected a name, of 1 to 4096 characters"]],
  [
    "a name that is a number",
    "version: 1\nname: 7\n",
    ['2:7 expected a name, which is a text, and found a number: write "7"']
  ],
  ["an unknown key", `${head}ruels: []\n`, ['3:1 unknown key "ruels"']],
  ["a key twice", `${head}rules: []\nrules: []\n`, ['4:1 the key "rules" occurs twice']],
  ["a merge key", `${head}<<: {}\n`, ["3:1 merge keys are of YAML 1.1"]],
  ["a key that is a list", `${head}? [a]\n: 1\n`, ["3:3 expected a text as key"]],
  ["broken YAML", `${head}rules: [\n`, ["4:1 Flow sequence in block collection must be"]],
  ["a tab for indentation", `${head}defaults:\n\ttools: deny\n`, ["4:1 Tabs are not allowed as indentation"]],
  ["two documents", `${head}---\nversion: 1\n`, ["3:1 a second document begins here, and a file has one: put it"]],
  ["a document after an end", `---\n${head}...\n# more\n\n---\nrules: []\n`, ["7:1 a second document begins here"]],
  ["a document after an empty one", `---\n---\n${head}`, ["2:1 a second document begins here"]],
  ["a tag", `version: 1\nname: !!binary aGk=\n`, ["2:16 tags are not allowed"]],
  ["a default that is none", `${head}defaults: { tools: no-way }\n`, ['3:20 "no-way" is no decision']],
  [
    "a default that YAML 1.1 reads as a boolean",
    `${head}defaults: { tools: no }\n`,
    ["3:20 no is a boolean in YAML 1.1"]
  ],
  ["a default for code", `${head}defaults: { code: deny }\n`, ['3:13 unknown key "code"']],
  ["unparsable: allow", `${head}unparsable: allow\n`, ['3:13 "allow" is no decision on scripts']],
  ["rules that are no list", `${head}rules: {}\n`, ["3:8 expected a list of rules"]],
  ["a rule that is a text", `${head}rules: [deny]\n`, ["3:9 expected a rule"]],
  ["a rule without id", `${head}rules:\n  - effect: deny\n    tools: a\n`, ["4:5 the rule has no id"]],
  ["a rule without effect", `${head}rules:\n  - id: r\n    tools: a\n`, ["4:5 the rule has no effect"]],
  ["an id with a space", `${head}rules:\n  - id: a b\n    effect: deny\n    tools: a\n`, ["4:9 an id has at most 64"]],
  [
    "an id twice",
    `${rule("tools: a")}  - { id: r, effect: ask, tools: b }\n`,
    ['7:5 the id "r" is that of the rule in line 4']
  ],
  ["a wrong effect", `${head}rules:\n  - id: r\n    effect: denny\n    tools: a\n`, ['5:13 "denny" is no effect']],
  ["a rule about nothing", `${head}rules:\n  - id: r\n    effect: deny\n`, ["4:5 the rule is about nothing"]],
  ["a rule about two things", rule("tools: a\n    commands: ls"), ["7:5 the rule is already about tools"]],
  ["a misspelt subject", rule("tool: a"), ["4:5 the rule is about nothing", '6:5 unknown key "tool"']],
  ["where without tools", rule("commands: ls\n    where: {}"), ["7:5 where goes with tools"]],
  ["a method pattern that is none", rule('tools: ["a", "b//c"]'), ['6:18 "b//c" has an empty segment']],
  ["a method that is a mapping", rule("tools: { a: 1 }"), ["6:12 expected a method pattern, which is a text"]],
  [
    "an unknown operator",
    rule("tools: a\n    where: { amount: { less: 1 } }"),
    ['7:24 "less" is no operator; those are lt, le']
  ],
  [
    "an operator with a wrong limit",
    rule("tools: a\n    where:\n      amount: { le: 5, gt: x }"),
    ["8:28 expected a number"]
  ],
  ["a check that is no mapping", rule("tools: a\n    where: { amount: 5 }"), ["7:22 expected an object of operators"]],
  ["a check without operators", rule("tools: a\n    where: { amount: {} }"), ["7:22 expected at least one operator"]],
  ["a broken pointer", rule('tools: a\n    where: { "/a~2": { eq: 1 } }'), ["7:14 is neither a parameter's name"]],
  [
    "what is wrong in an alternative",
    rule("tools: a\n    where:\n      or:\n        - a: { eq: 1 }\n        - b: { path: x }"),
    ["10:22 an absolute path begins with /"]
  ],
  [
    "what is wrong in a negation",
    rule("tools: a\n    where: { not: { a: { eqq: 1 } } }"),
    ['7:26 "eqq" is no operator']
  ],
  [
    "an alternative that is no list",
    rule("tools: a\n    where: { or: { a: { eq: 1 } } }"),
    ["7:18 expected a list of constraints"]
  ],
  [
    "a country that is a boolean",
    rule("tools: a\n    where: { land: { in: [se, no] } }"),
    ["7:31 no is a boolean in YAML 1.1"]
  ],
  [
    "a number with a leading zero",
    rule("tools: a\n    where: { mode: { eq: 0777 } }"),
    ["7:26 0777 is octal in YAML 1.1"]
  ],
  ["a quote in a command", rule(`commands: ["rm 'x"]`), ["6:16 a quote is not closed"]],
  ["an unknown group", rule(`commands: ["@shel x"]`), ['6:16 "@shel" is no group']],
  [
    "pipes in what allows",
    `${head}rules:\n  - { id: r, effect: allow, commands: ["a | b"] }\n`,
    ["4:40 a rule that allows has no pipes"]
  ],
  ["an empty command", rule('commands: ["  "]'), ["6:16 no command is named"]],
  ["a relative path", rule("files: { paths: [etc] }"), ["6:22 an absolute path begins with /"]],
  ["a path that climbs", rule("files: { paths: [/../x] }"), ["6:22 a path does not leave the root"]],
  ["files without paths", rule("files: { access: read }"), ["6:12 a rule about files has no paths"]],
  ["access that is none", rule("files: { access: [execute], paths: [/] }"), ['6:23 "execute" is no access to files']],
  ["a host with a path", rule("network: { hosts: [https://x/y] }"), ["6:24 a range is written like 10.0.0.0/8"]],
  ["a host with a port", rule('network: { hosts: ["x:80"] }'), ["6:24 expected a host such as api.example.com"]],
  ["a range that is not one", rule("network: { hosts: [10.1.0.0/8] }"), ["6:24 a range is written like 10.0.0.0/8"]],
  ["a port that is none", rule("network: { ports: [70000] }"), ["6:24 expected a port, or a range"]],
  ["a range of ports the wrong way round", rule("network: { ports: [90-80] }"), ["6:24 expected a range of ports"]],
  ["private: false", rule("network: { private: false }"), ["6:25 private is true, or left out"]],
  ["private: yes", rule("network: { private: yes }"), ["6:25 yes is a boolean in YAML 1.1"]],
  ["a network of nothing", rule("network: {}"), ["6:14 a rule about the network names"]],
  ["a language that is none", rule("code: { languages: [python, klingon] }"), ['6:33 "klingon" is no language']],
  ["a language that is a number", rule("code: { languages: 7 }"), ["6:24 a number is no language"]],
  [
    "a language of a case that is none",
    `${head}cases: [{ name: a, code: { language: klingon, text: x }, expect: deny }]\n`,
    ['3:38 "klingon" is no language']
  ],
  ["an empty condition", rule("tools: a\n    when: {}"), ["7:11 when has no condition"]],
  [
    "a condition in singular and plural",
    rule("tools: a\n    when: { tenant: a, tenants: [b] }"),
    ["7:24 give tenant or tenants, not both"]
  ],
  [
    "a tenant that YAML 1.1 reads as a boolean",
    rule("tools: a\n    when: { tenants: [no] }"),
    ["7:23 no is a boolean"]
  ],
  ["a limit that is unknown", `${head}limits: { memory: 1 }\n`, ['3:11 unknown key "memory"']],
  ["a limit with a unit", `${head}limits: { wallMillis: 5s }\n`, ["3:23 expected wallMillis, which is a whole number"]],
  ["a secret that is unknown", `${head}output:\n  redact: [jtw]\n`, ['4:12 "jtw" is no kind of secret']],
  ["a secret twice", `${head}output:\n  redact: [jwt, jwt]\n`, ["4:17 there is another secret jwt"]],
  ["a secret without a name", `${head}output:\n  redact: [{ literal: x }]\n`, ["4:12 a secret has no name"]],
  [
    "a pattern without a length",
    `${head}output:\n  redact: [{ name: a, prefix: x, charset: hex }]\n`,
    ["4:12 a pattern of secrets has no length"]
  ],
  [
    "a charset that is unknown",
    `${head}output:\n  redact: [{ name: a, prefix: x, charset: hexx, length: 4 }]\n`,
    ['4:43 "hexx" is no charset']
  ],
  [
    "a length the wrong way round",
    `${head}output:\n  redact: [{ name: a, prefix: x, charset: hex, length: { min: 9, max: 2 } }]\n`,
    ["4:56 min is 9 and more than max"]
  ],
  ["a case about nothing", `${head}cases: [{ name: a, expect: deny }]\n`, ["3:9 the case is about nothing"]],
  [
    "a case of an unknown rule",
    `${head}cases: [{ name: a, command: ls, expect: deny, rule: x }]\n`,
    ['3:53 "x" is no id of a rule']
  ],
  [
    "a case that expects detect",
    `${head}cases: [{ name: a, command: ls, expect: detect }]\n`,
    ['3:41 "detect" is no decision']
  ],
  ["an alias to nothing", `${head}rules: *x\n`, ["3:8 there is no anchor of this name"]]
]

describe("a policy file with errors", () => {
  it.each(broken)("says where %s is", (_, text, expected) => {
    const issues = issuesOf(text)
    assert.lengthOf(issues, expected.length, issues.join("\n"))
    for (const [index, start] of expected.entries()) {
      assert.isTrue(issues[index]?.startsWith(start), `${issues[index]}\n${start}`)
    }
  })

  it("says what is written there, what is allowed, and what was probably meant", () => {
    const [issue] = errorOf(`${head}rules:\n  - id: r\n    efect: deny\n    effect: deny\n    tools: a\n`).issues
    assert.deepStrictEqual(issue, {
      line: 5,
      column: 5,
      text: "efect",
      detail: 'unknown key "efect"',
      allowed: ["id", "effect", "when", "tools", "commands", "files", "network", "code", "where", "reason"],
      suggestion: "effect"
    })
    assert.include(
      errorOf(`${head}limits: { memoryMebibites: 1 }`).message,
      `did you mean "memoryMebibytes"? allowed: when, ${ceilings}`
    )
  })

  it("says which languages there are, and takes them in large letters", () => {
    const { message } = errorOf(rule("code: { languages: pyhton }"))
    assert.include(
      message,
      'policy.yaml:6:24: "pyhton" is no language; did you mean "python"? allowed: javascript, typescript, shell, python, cpp, go'
    )
    const { rules } = policyOf("rules: [{ id: a, effect: deny, code: { languages: [Python, GO] } }]")
    assert.deepInclude(rules[0]?.scope, { languages: ["python", "go"] })
  })

  it("tells all that is wrong at once, in the order of the file, and not more than 20 things", () => {
    const issues = issuesOf(
      `version: 3\nname: test\ndefaults: { tools: dny }\nrules:\n  - id: a\n    effect: x\n    tols: 1\n`
    )
    assert.deepStrictEqual(
      issues.map((issue) => issue.split(" ")[0]),
      ["1:10", "3:20", "5:5", "6:13", "7:5"]
    )
    const many = Array.from({ length: 50 }, (_, index) => `key${index}: 1\n`).join("")
    assert.lengthOf(issuesOf(`${head}${many}`), 20)
  })

  it("names the file, the line and the column of each in its message", () => {
    const { message } = errorOf(`${head}ruels: []\nlimit: 1\n`)
    assert.match(
      message,
      /^policy\.yaml:3:1: unknown key "ruels"; did you mean "rules"\? allowed: version, .*\npolicy\.yaml:4:1: /
    )
  })

  it("does not let aliases grow without bounds, nor a value hold itself", () => {
    const bomb = Array.from(
      { length: 12 },
      (_, level) => `        p${level}: &a${level + 1} { in: [1], and: [${`*a${level}, `.repeat(9)}] }\n`
    ).join("")
    const text = `${head}rules:\n  - id: r\n    effect: deny\n    tools: a\n    where:\n        x: &a0 { eq: 1 }\n${bomb}`
    let issues: ReadonlyArray<string> = []
    const steps = stepsOf(() => (issues = issuesOf(text)))
    assert.isAbove(issues.length, 0)
    // A file has 20 000 values at most; followed to their end, these aliases would be a million million.
    assert.isAtMost(steps, 50 * 20_000)
    assert.match(
      issuesOf(rule("tools: a\n    where: &x { and: [*x] }")).join(),
      /more than 40 levels|more than 20000 values/
    )
    assert.match(issuesOf(`${head}rules: ${"[".repeat(50_000)}`).join(), /levels|missing|must/)
    assert.match(issuesOf(`${head}# ${"x".repeat(300_000)}`).join(), /more than 262144 characters/)
  })

  it("lets an alias stand for what it names", () => {
    const { rules } = policyOf(`rules:
  - { id: a, effect: deny, tools: x, where: &limit { amount: { gt: 5 } } }
  - { id: b, effect: ask, tools: z, where: *limit }`)
    assert.deepStrictEqual(rules[0]?.scope, { ...rules[1]?.scope, methods: ["x"] } as never)
  })
})
