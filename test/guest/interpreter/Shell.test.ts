import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { TestContext } from "vitest"
import { defaults } from "../../../src/machine/Limits.ts"
import type { Turn } from "../../../src/machine/Turn.ts"
import {
  argumentsOf,
  assertStill,
  completed,
  deny,
  epoch,
  failed,
  give,
  ids,
  parked
} from "../../contract/machine/Steps.ts"
import { interpreter, needs, printed, runner } from "./interpreters.ts"

const letter = {
  type: "object",
  properties: {
    to: { type: "array", items: { type: "string" } },
    subject: { type: "string" },
    copies: { type: "integer" },
    priority: { enum: ["low", "high"] },
    place: { type: "object", properties: { city: { type: "string" } } }
  },
  required: ["to", "subject"],
  additionalProperties: false
}
const tools = [
  { path: "mail.send", description: "Sends a letter\nto somebody", input: letter, output: {} },
  { path: "ask", description: "", input: {}, output: {} }
]

const shell = Effect.fnUntraced(function* (context: TestContext, rest: Parameters<typeof interpreter>[1] = {}) {
  needs(context, "shell")
  const made = yield* interpreter(["shell"], rest)
  const run = runner("shell", made)
  return { ...made, run: (script: string) => run(script, { tools }) }
})

const codeOf = (turn: Turn) => (completed(turn) as { readonly exitCode: number }).exitCode

const said = (turn: Turn) => ({ code: codeOf(turn), stdout: printed(turn), stderr: printed(turn, "stderr") })

describe("a shell", () => {
  it.live("keeps variables, functions, aliases, options and its directory, and gives exit codes", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      yield* run(
        "x=5; a=(1 2); declare -A m=([k]=v); alias e='echo alias'; f() { echo \"f $1\"; }; cd /tmp; set -u; false"
      )
      const next = said(yield* run('echo $?; echo "$x ${a[1]} ${m[k]} $PWD"; e; f 1; echo "${none-}"; exit 3'))
      assert.deepStrictEqual(next, { code: 3, stdout: "1\n5 2 v /tmp\nalias\nf 1\n\n", stderr: "" })
      const after = said(yield* run("echo $? $x; f 2; echo $none"))
      assert.strictEqual(after.stdout, "3 5\nf 2\n")
      assert.match(after.stderr, /^bash: line 1: none: unbound variable\n$/)
      assert.deepStrictEqual(said(yield* run("set +u; echo $x")), { code: 0, stdout: "5\n", stderr: "" })
    })
  )

  it.live("says errors with the lines of the script, and ends with it and not with the shell", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      const { code, stderr } = said(yield* run("\n\nnosuch-command\nfi"))
      assert.strictEqual(code, 2)
      assert.match(stderr, /^bash: line 3: nosuch-command: command not found\nbash: eval: line 4: syntax error/)
      assert.deepStrictEqual(said(yield* run("set -e; y=7; false; echo never")), { code: 1, stdout: "", stderr: "" })
      assert.strictEqual(said(yield* run("set +e; echo $y")).stdout, "7\n")
      assert.strictEqual(codeOf(yield* run("exec sh -c 'exit 9'")), 9)
      assert.strictEqual(codeOf(yield* run("kill -9 $BASHPID")), 137)
      assert.strictEqual(said(yield* run("echo $y; read line || echo end")).stdout, "7\nend\n")
    })
  )

  it.live("traces scripts and nothing that is done around them", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      const traced = (script: string) => Effect.map(run(script), (turn) => said(turn).stderr.replaceAll(/^\++/gm, "+"))
      assert.strictEqual(yield* traced("set -x; echo a; (exit 3)"), "+ echo a\n+ exit 3\n")
      assert.strictEqual(yield* traced("echo $?"), "+ echo 3\n")
      assert.strictEqual(yield* traced("exit 4"), "+ exit 4\n")
      assert.strictEqual(yield* traced("set +x -v"), "+ set +x -v\n")
      assert.strictEqual(yield* traced("set +v"), "")
    })
  )

  it.live("takes traps for errors and single commands back", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      assert.strictEqual(printed(yield* run("trap 'echo failed' ERR; false; trap - ERR; false")), "failed\n")
      yield* run("trap 'seen=1' DEBUG; trap - DEBUG; seen=0")
      assert.strictEqual(printed(yield* run("echo $seen")), "0\n")
    })
  )

  it.live("goes on after a script that takes the words away which it needs", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      yield* run("x=1")
      for (const script of ["x=2; set -n", "x=2; set -n; exit 3", "f() { set -o noexec; }; x=2; f\n(exit 3)"]) {
        assert.deepStrictEqual(said(yield* run(script)), { code: 0, stdout: "", stderr: "" })
        assert.strictEqual(printed(yield* run("echo $x")), "1\n")
      }
      const words =
        /^bash: line 1: __caisson_builtins: the script has redefined what the shell needs: it goes on as it was before the script\n/
      for (const script of [
        "builtin() { :; }",
        "builtin() { return 1; }; exit 0",
        "enable -n builtin",
        "enable -n eval",
        "enable -n mapfile",
        "enable -n echo",
        "enable -n return"
      ]) {
        const { code, stderr } = said(yield* run(`x=2; ${script}`))
        assert.strictEqual(code === 0, script.endsWith("exit 0"), script)
        assert.match(stderr, words, script)
        assert.strictEqual(printed(yield* run("echo $x")), "1\n", script)
      }
      yield* run("eval() { :; }; read() { :; }; trap() { :; }; command() { :; }; echo() { :; }; exit() { :; }; x=3")
      assert.strictEqual(printed(yield* run("printf '%s\\n' $x; unset -f eval read trap command echo exit")), "3\n")
      assert.match(said(yield* run("__caisson_over() { :; }")).stderr, /readonly function/)
      assert.strictEqual(printed(yield* run("readonly IFS=n; echo $x")), "3\n")
      assert.strictEqual(printed(yield* run("echo $x")), "3\n")
    })
  )

  it.live("calls a trap for single commands for those of scripts alone", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      const script = "trap 'echo \"+ $BASH_COMMAND\"' DEBUG; echo a"
      assert.deepStrictEqual(said(yield* run(script)), { code: 0, stdout: "+ echo a\na\n", stderr: "" })
      assert.deepStrictEqual(said(yield* run("(exit 3)")).code, 3)
      assert.deepStrictEqual(said(yield* run("echo $?")), { code: 0, stdout: "+ echo $?\n3\n", stderr: "" })
      assert.deepStrictEqual(said(yield* run("set -T; exit 4")), {
        code: 4,
        stdout: "+ set -T\n+ exit 4\n",
        stderr: ""
      })
      assert.strictEqual(printed(yield* run("echo b; set +T")), "+ echo b\nb\n+ set +T\n")
      assert.strictEqual(printed(yield* run("trap - DEBUG")), "+ trap - DEBUG\n")
      assert.strictEqual(printed(yield* run("echo c")), "c\n")
    })
  )

  it.live("gives each script its output, wherever the one before has sent it", (context) =>
    Effect.gen(function* () {
      const { directory, run } = yield* shell(context)
      for (const script of [`exec >${directory}/log 2>&1; echo logged`, "exec >&- 2>&-", "set -C; exec 2>&1; exit 3"]) {
        yield* run(script)
        const next = said(yield* run("echo out; echo error >&2; set +C"))
        assert.deepStrictEqual(next, { code: 0, stdout: "out\n", stderr: "error\n" }, script)
      }
      assert.strictEqual(
        printed(yield* run(`cat ${directory}/log; exec 3>${directory}/log; echo kept >&3`)),
        "logged\n"
      )
      assert.strictEqual(printed(yield* run(`echo more >&3; cat ${directory}/log`)), "kept\nmore\n")
    })
  )

  it.live("begins with the status of the last script, which is no error of the next", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      assert.strictEqual(printed(yield* run("set -- one; trap 'echo failed' ERR; (exit 3)")), "failed\n")
      assert.strictEqual(printed(yield* run("echo $? $1")), "3 one\n")
      assert.strictEqual(printed(yield* run("trap - ERR; set -e; (exit 5)")), "")
      assert.deepStrictEqual(said(yield* run("echo $? $1")), { code: 0, stdout: "5 one\n", stderr: "" })
    })
  )

  it.live("runs what a script has set for its end, once", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      assert.deepStrictEqual(said(yield* run("trap 'echo bye $?' EXIT; (exit 4)")), {
        code: 4,
        stdout: "bye 4\n",
        stderr: ""
      })
      assert.strictEqual(printed(yield* run("echo next")), "next\n")
      assert.strictEqual(printed(yield* run("(trap 'echo sub' EXIT); trap 'echo out' EXIT; exit 2")), "sub\nout\n")
    })
  )

  it.live("leaves what runs in the background, whose output is heard with the next script", (context) =>
    Effect.gen(function* () {
      const { directory, run } = yield* shell(context)
      const script = `mkfifo ${directory}/go; { read < ${directory}/go; echo late; } & echo now`
      assert.strictEqual(printed(yield* run(script)), "now\n")
      assert.strictEqual(printed(yield* run(`echo > ${directory}/go; wait; echo done`)), "late\ndone\n")
    })
  )

  it.live("S4 parks with the calls of a pipeline, in the order in which they come", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* shell(context)
      const first = parked(
        yield* run("for to in a b; do tool mail.send --to $to --to c --subject hi | tr a-z A-Z; done")
      )
      assert.deepStrictEqual(argumentsOf(first.calls[0]), [{ to: ["a", "c"], subject: "hi" }])
      const second = parked(yield* answer([give("1.1", { sent: 1 })], epoch))
      assert.deepStrictEqual([ids(second), printed(second)], [["1.2"], '{"SENT":1}\n'])
      const last = yield* answer([deny("1.2", "CapabilityError", "no")], epoch)
      assert.deepStrictEqual(said(last), {
        code: 0,
        stdout: "",
        stderr: "tool: mail.send: CapabilityError: no\n"
      })
    })
  )

  it.live("T10 asks for several things at the same time, and goes on with each answer", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* shell(context)
      const both = parked(yield* run("tool ask --n 1 & tool ask --n 2 & wait; echo all"))
      assert.deepStrictEqual(ids(both), ["1.1", "1.2"])
      assertStill({ ...(yield* answer([give("1.2", "two")], epoch)), output: [] })
      assert.strictEqual(printed(yield* answer([give("1.1", "one")], epoch)), "one\nall\n")
    })
  )

  it.live("gives up a script that waits, and has the state from before it", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      yield* run("x=1; sleep 1000 & kept=$!")
      yield* run("x=2; tool ask --n 1; echo never")
      const next = yield* run("echo $x; kill -0 $kept && echo kept")
      assert.deepStrictEqual([printed(next), next.cancelled], ["1\nkept\n", ["2.1"]])
    })
  )

  it.live("S3 takes words for arguments as the schema says, and says what is wrong with them", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context)
      const calls = [
        ["--to=a --subject s --copies 3 --Priority high", { to: ["a"], subject: "s", copies: 3, priority: "high" }],
        [`--json '{"to":["é"],"subject":"s","copies":1}' --copies 2`, { to: ["é"], subject: "s", copies: 2 }],
        ["--to a --subject s --place.city Oslo", { to: ["a"], subject: "s", place: { city: "Oslo" } }]
      ] as const
      for (const [words, input] of calls) {
        assert.deepStrictEqual(argumentsOf(parked(yield* run(`tool mail.send ${words}`)).calls[0]), [input])
      }
      const refusals = [
        ["mail.send --subject s", 2, /^tool: mail\.send: --to is required; see "tool mail\.send --help"\n$/],
        ["mail.send --copies 2.5", 2, /--copies takes a whole number, not "2\.5"/],
        ["mail.send --priority mid", 2, /--priority takes low or high, not "mid"/],
        ["mail.send --cc x", 2, /--cc is not known: it takes --to, --subject, /],
        ["mail.send --json '{'", 2, /--json takes a JSON object/],
        ["--nonesuch", 2, /^tool: --nonesuch is not known\nusage: tool NAME/],
        ["mail.sned --help", 127, /^tool: mail\.sned: there is no such tool; did you mean mail\.send\?\n$/],
        ["mail.sned hello", 2, /: "hello" is no flag: no flags are known of it; did you mean mail\.send\?\n$/],
        ["--list bank", 1, /no tool begins with bank/]
      ] as const
      for (const [words, code, stderr] of refusals) {
        const turn = said(yield* run(`tool ${words}`))
        assert.strictEqual(turn.code, code, words)
        assert.match(turn.stderr, stderr)
      }
      assert.strictEqual(printed(yield* run("tool --list")), "mail.send\tSends a letter\nask\n")
      assert.include(printed(yield* run("tool mail.send --help")), "  --to  text; may be repeated (required)\n")
    })
  )

  it.live("S3 puts a call of a tool that is not known to the host, whatever its name", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* shell(context)
      const turn = parked(yield* run("tool mail.sned --to a --place.floor 2"))
      assert.deepInclude(turn.calls[0], { path: "mail.sned" })
      assert.deepStrictEqual(argumentsOf(turn.calls[0]), [{ to: "a", place: { floor: 2 } }])
      assert.deepStrictEqual(said(yield* answer([deny("1.1", "CapabilityError", "no")], epoch)), {
        code: 1,
        stdout: "",
        stderr: "tool: mail.sned: CapabilityError: no; did you mean mail.send?\n"
      })
      for (const [word, path] of [
        ["''", ""],
        ["..", ".."],
        ["a.b/c", "a.b/c"],
        ["$'\\xff\\n'", "\ufffd\n"]
      ] as const) {
        const [call] = parked(yield* run(`tool ${word}`)).calls
        assert.deepInclude(call, { path })
        assert.strictEqual(codeOf(yield* answer([deny(call?.id ?? "", "CapabilityError", "no")], epoch)), 1)
      }
      const long = said(yield* run(`tool ${"a".repeat(300)}`))
      assert.match(long.stderr, /: RangeError: the path of a tool has no more than 256 bytes; see "tool --list"\n$/)
      assert.strictEqual(long.code, 1)
    })
  )

  it.live("prints bytes as they are, texts as texts, and all else as JSON", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* shell(context)
      const given = [
        ['"é"', "é\n"],
        ['{"$":["Uint8Array","AGE="]}', "\0a"],
        ['{"$":["undefined"]}', ""],
        [
          '[{"$":["BigInt","5"]},{"$":["Map",[["a",1]]]},{"$":["Date",0]}]',
          '["5",[["a",1]],"1970-01-01T00:00:00.000Z"]\n'
        ]
      ] as const
      for (const [value, text] of given) {
        const [id = ""] = ids(yield* run("tool ask"))
        const turn = yield* answer([{ id, outcome: { _tag: "Succeeded", value } }], epoch)
        assert.strictEqual(printed(turn), text)
      }
    })
  )

  it.live("says that a result could not be printed", (context) =>
    Effect.gen(function* () {
      const { answer, run } = yield* shell(context)
      const [id = ""] = ids(yield* run("tool ask > /dev/full"))
      const turn = said(yield* answer([give(id, "one")], epoch))
      assert.strictEqual(turn.code, 1)
      assert.match(turn.stderr, /^tool: write .*: no space left on device\n$/)
    })
  )

  it.live("bounds calls and output like every other language", (context) =>
    Effect.gen(function* () {
      const { run } = yield* shell(context, { limits: { ...defaults, argumentBytes: 20, outputBytes: 10 } })
      const large = yield* run("tool ask --text 0123456789012345678901234567890 2>&1 | wc -c")
      assert.notStrictEqual(printed(large).trim(), "0")
      const cut = yield* run("seq 1000")
      assert.strictEqual(printed(cut), "1\n2\n3\n4\n5\n\n[output truncated at 10 bytes]\n")
    })
  )
})

describe("a language that is not spoken", () => {
  it.live("fails the run by its name, and the next one goes on", (context) =>
    Effect.gen(function* () {
      const { run, start } = yield* shell(context)
      const { error } = failed(
        yield* start({ ordinal: 1, language: "python", source: "1", nowMillis: epoch, tools: [] })
      )
      assert.strictEqual(error.reason, "UnknownLanguage")
      assert.strictEqual(codeOf(yield* run("true")), 0)
    })
  )
})
