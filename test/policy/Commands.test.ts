import { assert, describe, it } from "@effect/vitest"
import { decide, type Policy } from "../../src/policy/Policy.ts"
import { policyOf } from "./policies.ts"

const told = (policy: Policy, script: string): string => {
  const { effect, rule } = decide(policy, { _tag: "Command", script }, {})
  return rule === undefined ? effect : `${effect} ${rule}`
}

describe("rules about commands", () => {
  const policy = policyOf(`
rules:
  - { id: look, effect: allow, commands: [ls **, "cat ** < *", git status, git log -*, "echo ** > /tmp/*", "CI=* npm test"] }
  - { id: build, effect: allow, commands: ["make -j --silent *", "cp * /srv/*", "env **", "sh -c *"] }
  - { id: push, effect: ask, commands: git push }`)

  it("allow what they name, and nothing beside it", () => {
    for (const script of [
      "ls",
      "ls -la /x",
      "/usr/bin/ls -la",
      "ls a; ls b | ls",
      "cat a b < c",
      "git status",
      "git log -5 --oneline",
      "echo a b > /tmp/x",
      "CI=1 npm test",
      "make --silent -j all",
      "cp a /srv/b",
      "env ls -la",
      "sh -c 'ls -la'",
      "ls 2>/dev/null 2>&1"
    ]) {
      assert.match(told(policy, script), /^allow/, script)
    }
  })

  it("allow no other program, flag, word, folder, file or setting, and nothing that is not known", () => {
    for (const script of [
      "./ls",
      "/tmp/ls",
      "git status -s",
      "git status x",
      "git log main",
      "echo a > /etc/x",
      "echo a > /tmp/../etc/x",
      "ls > x",
      "cat < x > y",
      "npm test",
      "CI=1 PATH=. npm test",
      "X=1 ls",
      "X=1",
      "make -j all",
      "make --silent -j all more",
      "cp a /srv/../etc/passwd",
      "cp a b /srv/c",
      "cp -r a /srv/c",
      "cp $X /srv/c",
      "env rm x",
      "sh -c 'rm x'",
      'sh -c "ls $X"',
      "ls; rm x",
      "ls $(rm x)",
      "$X",
      ""
    ]) {
      assert.match(told(policy, script), /^deny/, script)
    }
    assert.strictEqual(told(policy, 'ls "$X" $Y'), "allow look")
    assert.strictEqual(told(policy, "git push origin"), "ask push")
    assert.strictEqual(told(policy, "git push origin; rm x"), "deny")
  })

  it("say what becomes of a script that cannot be seen through", () => {
    const said = (text: string) => decide(policyOf(text), { _tag: "Command", script: "eval $X" }, {}).effect
    const rule = (effect: string) => `rules: [{ id: r, effect: ${effect}, commands: rm }]`
    assert.strictEqual(said(`defaults: { commands: allow }\n${rule("deny")}`), "deny")
    assert.strictEqual(said(`defaults: { commands: allow }\n${rule("ask")}`), "ask")
    assert.strictEqual(said(`defaults: { commands: allow }\n${rule("detect")}`), "allow")
    assert.strictEqual(said(`defaults: { commands: ask }\n${rule("allow")}`), "ask")
    assert.strictEqual(said(`unparsable: ask\ndefaults: { commands: allow }\n${rule("deny")}`), "ask")
    assert.strictEqual(said(`unparsable: deny\ndefaults: { commands: allow }`), "deny")
  })
})
