import { assert, describe, it } from "@effect/vitest"
import * as SensitivePath from "../../../src/audit/detection/SensitivePath.ts"
import { make, told, Watcher, watch } from "./observing.ts"

const severityOf = (path: string) => SensitivePath.classify(SensitivePath.normalise(path))?.severity

describe("sensitive files", () => {
  it("V-19 are found in every spelling of their path", () => {
    const spellings = [
      "/etc/shadow",
      "//etc//./shadow",
      "/etc/../etc/shadow",
      "../../../../etc/shadow",
      "/workspace/../etc/shadow",
      "/proc/self/root/etc/shadow",
      "/proc/1/root/etc/../etc/shadow",
      "/proc/1/task/2/root/etc/shadow",
      "/proc/self/cwd/../etc/shadow",
      "file:///etc/shadow",
      "/etc%2Fshadow",
      "/%2565tc/shadow",
      "\\etc\\shadow",
      "/etc/shadow\0.png",
      "/etc/shadow-",
      "/etc/gshadow",
      "／etc／shadow"
    ]
    for (const spelling of spellings) assert.strictEqual(severityOf(spelling), "critical", spelling)
  })

  it("V-19 are keys, credentials and doors to the host", () => {
    const paths = [
      "~/.ssh/id_rsa",
      "$HOME/.aws/credentials",
      "/root/.kube/config",
      "/proc/self/environ",
      "/proc/4711/task/2/environ",
      "/var/run/secrets/kubernetes.io/serviceaccount/token",
      "/var/run/docker.sock",
      "id_ed25519",
      "C:\\Windows\\System32\\config\\SAM"
    ]
    for (const path of paths) assert.strictEqual(severityOf(path), "critical", path)
    assert.strictEqual(severityOf("~/.netrc"), "high")
    assert.strictEqual(severityOf("/etc/passwd"), "medium")
    assert.strictEqual(severityOf("/app/.env"), "low")
  })

  it("are not files that only look nearly alike", () => {
    const paths = ["/etc/hosts", "/workspace/shadow", "/workspace/.env.example", "/proc/cpuinfo", "/data/etc/shadow.md"]
    for (const path of [...paths, "/docs/ssh/id.md"]) assert.isUndefined(severityOf(path), path)
  })

  it("V-19 are found in arguments and in what processes open, and not in prose", () => {
    const watcher = new Watcher()
    const found = ["sensitive-file/critical"]
    const alertsOf = (observation: ReturnType<Watcher["call"]>) => told(watch(make({}), [observation]).alerts)
    assert.deepStrictEqual(alertsOf(watcher.denied("files/read", { path: "/etc/shadow" })), found)
    assert.deepStrictEqual(alertsOf(watcher.call("deploy/run", { key: "~/.ssh/id_rsa" })), found)
    assert.deepStrictEqual(alertsOf(watcher.call("files/read", ["id_rsa"])), found)
    assert.deepStrictEqual(
      alertsOf({ ...watcher.common(), _tag: "FileAccess", path: "/etc/shadow", access: "read" }),
      found
    )
    const refused = { ...watcher.common(), _tag: "Refused" } as const
    assert.deepStrictEqual(alertsOf({ ...refused, kind: "read", subject: "/etc/shadow" }), found)
    assert.deepStrictEqual(alertsOf({ ...refused, kind: "command", subject: "cat -n /etc/shadow" }), found)
    assert.deepStrictEqual(alertsOf({ ...refused, kind: "command", subject: "echo hi" }), [])
    assert.deepStrictEqual(
      alertsOf({ ...watcher.common(), _tag: "Syscall", name: "openat", path: "/proc/1/environ" }),
      found
    )
    assert.deepStrictEqual(alertsOf(watcher.call("mail/send", { body: "/etc/shadow is a file" })), [])
    assert.deepStrictEqual(alertsOf(watcher.call("files/write", { path: "/a.md", content: "/etc/shadow" })), [])
  })
})
