import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { caisson, freshDirectory, jsonOf, makeHome, tools } from "./command.ts"
import { callsOf, errorOf, makeWorld } from "./world.ts"

const home = makeHome()
const shell = ["--language", "shell"]
const inHome = ["--home", home.directory]

const run = (script: string, ...words: ReadonlyArray<string>) =>
  caisson(["run", "-e", script, ...shell, ...inHome, ...words])

const runJson = (code: number, script: string, ...words: ReadonlyArray<string>) =>
  home.json(code, "run", "-e", script, ...shell, ...words)

/** What the command itself does not say of a script. */
const withoutSession = (stderr: string) => stderr.replace(/^session s-[0-9a-f]+\n/, "")

describe("caisson run --language shell", { timeout: 60_000 }, () => {
  it("S1 O2 passes both outputs through, each as it is, and shows nothing else of a script that goes well", async () => {
    const ended = await run("echo out; echo err >&2; cat missing; echo b a | tr ' ' '\\n' | sort | head -c 3")
    assert.strictEqual(ended.code, 0)
    assert.strictEqual(ended.stdout, "out\na\nb")
    assert.match(withoutSession(ended.stderr), /^err\ncat: missing: No such file or directory\n$/)
  })

  it("S2 ends with 1 for a script whose exit code is not 0, and says that code", async () => {
    const ended = await run("echo out; echo err >&2; exit 3")
    assert.deepStrictEqual([ended.code, ended.stdout], [1, "out\n"])
    assert.strictEqual(withoutSession(ended.stderr), "err\nexit code 3\n")
    const result = await runJson(1, "echo out; echo err >&2; exit 3")
    assert.deepInclude(result, {
      status: "completed",
      value: { exitCode: 3 },
      stdout: "out\n",
      stderr: "err\n",
      error: null,
      calls: []
    })
    assert.deepStrictEqual((await runJson(0, "true"))["value"], { exitCode: 0 })
  })

  it("takes the exit code of the last command, and of what cannot be read as a script", async () => {
    assert.deepStrictEqual((await runJson(1, "echo a | grep b"))["value"], { exitCode: 1 })
    assert.deepStrictEqual((await runJson(1, "no_such_command"))["value"], { exitCode: 127 })
    const unreadable = await runJson(1, "if true; then")
    assert.deepStrictEqual(unreadable["value"], { exitCode: 2 })
    assert.isNotEmpty(unreadable["stderr"])
  })

  it("gives a value with an exit code no meaning outside of a script", async () => {
    const ended = await caisson(["run", "-e", "({ exitCode: 3 })", ...inHome])
    assert.deepStrictEqual([ended.code, ended.stdout], [0, "{ exitCode: 3 }\n"])
  })

  it("O6 stops a script that does not end", async () => {
    const failed = await runJson(1, "while true; do :; done", "--timeout", "500ms")
    assert.strictEqual(failed["status"], "failed")
    assert.match(String(errorOf(failed)["reason"]), /Limit$/)
  })

  it.each([
    ["a file that ends in .sh", "script.sh", []],
    ["a file that ends in .bash", "script.bash", []],
    ["any file, if that is said", "script.txt", shell]
  ] as const)("runs %s", async (_, name, words) => {
    const file = join(freshDirectory(), name)
    writeFileSync(file, "#!/bin/bash\nset -e\nfor n in 1 2; do\n  echo $((n * 2))\ndone\n")
    const ended = await caisson(["run", file, ...words, ...inHome])
    assert.deepStrictEqual([ended.code, ended.stdout], [0, "2\n4\n"])
  })

  it("runs what another program wrote", async () => {
    const ended = await caisson(["run", "-", ...shell, ...inHome, "--json"], { input: "cat <<end\n$((40 + 2))\nend\n" })
    assert.strictEqual(jsonOf(ended)["stdout"], "42\n")
  })

  it("keeps a script's directory, variables, functions and files, which F4 JavaScript sees", async () => {
    const session = ["--session", "kept"]
    await runJson(0, "mkdir -p d; cd d; n=5; twice() { echo $(($1 * 2)); }; echo text > f", ...session)
    const second = await runJson(0, "basename $PWD; twice $n; cat f", ...session)
    assert.strictEqual(second["stdout"], "d\n10\ntext\n")
    const script = "[await fs.readFile('d/f'), (await shell.run('twice 21')).trim()]"
    const { value } = await home.json(0, "run", "-e", script, ...session)
    assert.deepStrictEqual(value, ["text\n", "42"])
  })

  it("gives a run id the same result, and refuses it for another language", async () => {
    const words = ["--session", "ids", "--run-id", "one"]
    const first = await runJson(1, "echo x >> log; wc -l < log; false", ...words)
    const again = await runJson(1, "echo x >> log; wc -l < log; false", ...words)
    assert.strictEqual(again["stdout"], first["stdout"])
    assert.deepStrictEqual(again["value"], { exitCode: 1 })
    const other = await home.json(64, "run", "-e", "echo x >> log; wc -l < log; false", ...words)
    assert.strictEqual(errorOf(other)["reason"], "RunConflict")
  })
})

describe("a script that calls a tool about which a person is asked", { timeout: 60_000 }, () => {
  const script = `echo began >> log
tool bank.refund --amount 4 | tr a-z A-Z | tee said
echo "$(wc -l < log | tr -d ' ') \${PIPESTATUS[*]}" >&2`

  it("T12 S4 ends the command with 75 and goes on in another process, in the middle of its pipeline", async () => {
    const { effects, json } = makeWorld()
    const paused = await json(75, "run", "-e", script, ...shell, "--session", "a", "--tools", tools)
    assert.deepInclude(paused, { status: "paused", value: null, stdout: "" })
    const [call] = callsOf(paused)
    assert.deepInclude(call, { method: "bank/refund", input: { amount: 4 }, needs: "decision" })
    assert.deepStrictEqual(effects(), [])
    const completed = await json(0, "answer", "a", `${call?.id}`, "--approve")
    assert.deepInclude(completed, {
      status: "completed",
      value: { exitCode: 0 },
      stdout: "REFUNDED 4\n",
      stderr: "1 0 0 0\n"
    })
    assert.deepStrictEqual(effects(), ["refund 4"])
    assert.deepStrictEqual((await json(0, "resume", "a"))["value"], { exitCode: 0 })
  })

  it("shows a person what to type, and then what the rest of the script prints and its exit code", async () => {
    const { text } = makeWorld()
    const code = "echo before; tool bank.refund --amount 4; echo after; exit 4"
    const paused = await text("run", "-e", code, ...shell, "--session", "a", "--tools", tools)
    assert.strictEqual(paused.code, 75)
    assert.match(paused.stdout, /^before\nrun r1 of session a is paused and waits for\n/)
    const command = /caisson (answer \S+ \S+ --approve .*)/.exec(paused.stdout)?.[1] ?? ""
    const approved = await caisson(command.split(" "))
    assert.deepStrictEqual(
      [approved.code, approved.stdout, approved.stderr],
      [1, "refunded 4\nafter\n", "exit code 4\n"]
    )
  })

  it("S7 sees a refusal as a command that fails, whoever refuses", async () => {
    const { effects, json } = makeWorld()
    const code = (amount: number) => `tool bank.refund --amount ${amount} | cat; echo "code \${PIPESTATUS[0]}"`
    const above = await json(0, "run", "-e", code(101), ...shell, "--session", "a", "--tools", tools)
    const paused = await json(75, "run", "-e", code(7), ...shell, "--session", "a")
    const denied = await json(0, "answer", "a", `${callsOf(paused)[0]?.id}`, "--deny", "--reason", "too much")
    for (const result of [above, denied]) assert.match(String(result["stdout"]), /^code [1-9]\d*\n$/)
    assert.include(String(denied["stderr"]), "too much")
    assert.match(String(above["stderr"]), /bank[./]refund/)
    assert.deepStrictEqual(effects(), [])
  })
})

describe("tools of a script", { timeout: 60_000 }, () => {
  it("S3 S5 are the ones of the tools module, and say what they take", async () => {
    const { json } = makeWorld()
    const code =
      "tool --list; tool bank.look --help; tool bank.look --amount 21; tool bank.look --json '{\"amount\": 4}'"
    const { stdout } = await json(0, "run", "-e", code, ...shell, "--tools", tools)
    assert.match(String(stdout), /bank\.look[\s\S]*bank\.refund[\s\S]*--amount[\s\S]*\n42\n8\n$/)
  })

  it("S3 fail with an exit code and a message for what is missing or unknown", async () => {
    const { json } = makeWorld()
    for (const script of ["tool bank.look", "tool bank.none", "tool bank.look --amount many"]) {
      const { stderr, stdout } = await json(1, "run", "-e", script, ...shell, "--session", "a", "--tools", tools)
      assert.deepStrictEqual([stdout, String(stderr).startsWith("tool: ")], ["", true], `${script}: ${stderr}`)
    }
  })

  it("B1 are none without a tools module", async () => {
    const { stderr, value } = await runJson(1, "tool bank.look --amount 21")
    assert.notDeepEqual(value, { exitCode: 0 })
    assert.isNotEmpty(stderr)
  })
})
