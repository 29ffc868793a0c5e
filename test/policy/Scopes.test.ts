import { assert, describe, it } from "@effect/vitest"
import { decide, type Policy } from "../../src/policy/Policy.ts"
import type { Subject } from "../../src/policy/Subject.ts"
import { policyOf } from "./policies.ts"

const told = (policy: Policy, subject: Subject): string => {
  const { effect, rule } = decide(policy, subject, {})
  return rule === undefined ? effect : `${effect} ${rule}`
}

const file = (access: "read" | "write", path: string): Subject => ({ _tag: "File", access, path })

const connect = (host: string, port = 443, ...addresses: ReadonlyArray<string>): Subject => ({
  _tag: "Network",
  host,
  port,
  addresses
})

describe("rules about files", () => {
  const policy = policyOf(`
defaults: { files: deny }
rules:
  - { id: work, effect: allow, files: { paths: [/workspace/**] } }
  - { id: sources, effect: allow, files: { access: read, paths: [/src/*.ts] } }
  - { id: secrets, effect: deny, files: { paths: ["/**/.env", "/**/*.pem"] } }`)

  it("cover paths by their names, however they are spelt", () => {
    assert.strictEqual(told(policy, file("write", "/workspace/a/b.txt")), "allow work")
    assert.strictEqual(told(policy, file("write", "/workspace")), "allow work")
    assert.strictEqual(told(policy, file("read", "/src//./a.ts")), "allow sources")
    assert.strictEqual(told(policy, file("write", "/src/a.ts")), "deny")
    assert.strictEqual(told(policy, file("read", "/src/lib/a.ts")), "deny")
    assert.strictEqual(told(policy, file("read", "/workspaces/a")), "deny")
    assert.strictEqual(told(policy, file("read", "/workspace/../etc/passwd")), "deny")
    assert.strictEqual(told(policy, file("read", "/workspace/a/.env")), "deny secrets")
    assert.strictEqual(told(policy, file("read", "/.env")), "deny secrets")
    assert.strictEqual(told(policy, file("read", "/workspace/x/../key.pem")), "deny secrets")
  })

  it("take a path that cannot be read for one that is forbidden", () => {
    for (const path of ["workspace/a", "/workspace/%2e%2e/etc", "/workspace/a\0", "/workspace\\..\\etc", "/../x"]) {
      assert.strictEqual(told(policy, file("read", path)), "deny secrets", path)
    }
  })
})

describe("rules about the network", () => {
  const policy = policyOf(`
defaults: { network: deny }
rules:
  - { id: api, effect: allow, network: { hosts: [api.example.com, "*.example.org"], ports: [443, 8000-8999] } }
  - { id: web, effect: allow, network: { hosts: ["*"], ports: 80 } }
  - { id: database, effect: allow, network: { hosts: [10.1.0.0/16], ports: 5432 } }
  - { id: own, effect: allow, network: { hosts: [service.internal], private: true } }`)

  it("cover hosts and ports", () => {
    assert.strictEqual(told(policy, connect("api.example.com")), "allow api")
    assert.strictEqual(told(policy, connect("API.Example.COM.", 8443)), "allow api")
    assert.strictEqual(told(policy, connect("a.b.example.org")), "allow api")
    assert.strictEqual(told(policy, connect("example.org")), "deny")
    assert.strictEqual(told(policy, connect("evil-example.org")), "deny")
    assert.strictEqual(told(policy, connect("api.example.com.evil.com")), "deny")
    assert.strictEqual(told(policy, connect("api.example.com", 22)), "deny")
    assert.strictEqual(told(policy, connect("8.8.8.8", 80)), "allow web")
    for (const host of ["", "a b", "api.example.com@evil.com", "api.example.com/x", "x:80", "a%2eb"]) {
      assert.strictEqual(told(policy, connect(host, 80)), "deny", host)
    }
  })

  it("let no private address through that they do not name", () => {
    assert.strictEqual(told(policy, connect("api.example.com", 443, "93.184.216.34")), "allow api")
    assert.strictEqual(told(policy, connect("api.example.com", 443, "93.184.216.34", "10.0.0.1")), "deny")
    assert.strictEqual(told(policy, connect("10.1.2.3", 5432)), "allow database")
    assert.strictEqual(told(policy, connect("10.2.2.3", 5432)), "deny")
    assert.strictEqual(told(policy, connect("db.example.com", 5432, "10.1.0.1")), "allow database")
    assert.strictEqual(told(policy, connect("db.example.com", 5432, "10.1.0.1", "8.8.8.8")), "deny")
    assert.strictEqual(told(policy, connect("service.internal", 1, "10.9.9.9")), "allow own")
    assert.strictEqual(told(policy, connect("service.internal", 1, "10.9.9.9", "8.8.8.8")), "deny")
    assert.strictEqual(told(policy, connect("api.example.com", 443, "not an address")), "deny")
  })

  it.each([
    "127.0.0.1",
    "localhost",
    "app.localhost.",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "0",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "::1",
    "[::1]",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "::ffff:127.0.0.1",
    "[::ffff:a9fe:a9fe]",
    "::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "::ffff:0:10.0.0.1",
    "2001:0:7f00:1::",
    "2002:7f00:1::",
    "metadata.google.internal",
    "metadata",
    "redis.",
    "kubernetes.default.svc",
    "wiki.corp",
    "224.0.0.1",
    "255.255.255.255",
    "１２７.0.0.1"
  ])("know %s for a private address", (host) => {
    const guarded = policyOf(`
defaults: { network: allow }
rules: [{ id: private, effect: deny, network: { private: true } }]`)
    assert.strictEqual(told(guarded, connect(host, 80)), "deny private")
    assert.strictEqual(told(policy, connect(host, 80)), "deny")
  })

  it.each([
    "8.8.8.8",
    "172.32.0.1",
    "11.0.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "2002:808:808::"
  ])("know %s for a public address", (host) => {
    assert.strictEqual(told(policy, connect(host, 80)), "allow web")
  })
})

describe("rules about code", () => {
  it("are hints by its text", () => {
    const policy = policyOf(`rules:
  - { id: spawn, effect: ask, code: { languages: [Python], contains: [os.system, subprocess] } }
  - { id: go, effect: deny, code: { languages: [go] } }`)
    const code = (language: string, text: string) => told(policy, { _tag: "Code", language, text })
    assert.strictEqual(code("python", "import subprocess"), "ask spawn")
    assert.strictEqual(code("PYTHON", "os.system('x')"), "ask spawn")
    assert.strictEqual(code("python", "print(1)"), "allow")
    assert.strictEqual(code("javascript", "subprocess"), "allow")
    assert.strictEqual(code("go", ""), "deny go")
  })
})
