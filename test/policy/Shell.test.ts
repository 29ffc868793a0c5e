import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"
import * as CommandPattern from "../../src/policy/shell/CommandPattern.ts"
import type { Script } from "../../src/policy/shell/Findings.ts"
import * as Shell from "../../src/policy/shell/Script.ts"
import { format } from "../../src/policy/shell/Word.ts"
import { stepsOf } from "../work.ts"

const commandsIn = ({ commands }: Script): ReadonlyArray<string> =>
  commands.map(({ assignments, words }) => [...assignments, ...words].map(format).join(" "))

const pattern = (text: string) => Result.getOrThrow(CommandPattern.parse(text))

describe("reading a script", () => {
  it.each([
    ["ls -la; pwd", ["ls -la", "pwd"]],
    ["a 'b c' \"d e\" f\\ g", ["a b c d e f g"]],
    ["A=1 B=2 c", ["A=1 B=2 c"]],
    ["a # b\nc#d", ["a", "c#d"]],
    ['a "$x" $y ${z} $(b)', ["b", "a … … … …"]],
    ["a {1,2}{3,4}", ["a 13 14 23 24"]],
    ["a {x} {,} b{c", ["a {x}   b{c"]],
    ["a {1..9}", ["a …"]],
    ["sudo -u x a b", ["sudo -u x a b", "a b"]],
    ["a | b |& c", ["a", "b", "c"]],
    ["a <<E; b\nx $(c)\nE\nd", ["a", "b", "c", "d"]],
    ["a <<'E'\n$(c)\nE", ["a"]],
    ["a <<-E\n\tx\n\tE\nb", ["a", "b"]],
    ["a >f 2>&1 <g &>h", ["a"]],
    ["for x in $(a); do b; done", ["a", "b"]],
    ["for ((i=0;i<3;i++)); do b; done", ["b"]],
    ["case a in b|c) d;; (e) f;& *) g; esac", ["d", "f", "g"]],
    ["while a; do b; done; until c; do d; done", ["a", "b", "c", "d"]],
    ["if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]],
    ["time -p a; ! b; { c; }; ( d )", ["a", "b", "c", "d"]],
    ["select x in 1 2; do a; break; done", ["a", "break"]],
    ["[[ -n $a && $b == x && $c =~ ^(d|e)$ ]] && f", ["f"]],
    ["[[ $a =~ (b)c(d) || $e < f ]]", []],
    ["[[ a < b && ( c || d ) ]] && e", ["c", "d", "e"]],
    ["a=(1 2\n3) b", ["a=… b"]],
    ['echo "a`b \\`c\\``d"', ["c", "b …", "echo a…d"]],
    ["a $'\\x41\\102\\u43\\n'", ["a ABC\n"]],
    ["a $\"b\" ${x:-${y:-'}'}} $[1+2]", ["a b … …"]],
    ["a\\\nb c\\\n d", ["ab c d"]],
    ["a x!(b|c) @(d) [e-f]* ?", ["a x!… @… …… …"]],
    ["a &\nb & c", ["a", "b", "c"]],
    ["2>/dev/null a", ["a"]],
    ["", []],
    ["# only this", []]
  ])("finds the commands of %s", (script, expected) => {
    const read = Shell.read(script)
    assert.deepStrictEqual(commandsIn(read), expected)
    assert.deepStrictEqual(read.uncertainties, [])
  })

  it.each([
    "'",
    '"',
    "`",
    "$(",
    "${x",
    "((",
    "if a; then b",
    "fi",
    "{ a",
    "a )",
    "a ;; b",
    "for x; b",
    "case a",
    "[[ a",
    "a <",
    '"${x:-\'}"',
    "a\0b",
    "a\uE003b"
  ])("is in doubt about %j", (script) => {
    assert.isAbove(Shell.read(script).uncertainties.length, 0)
  })
})

const Fragments = Schema.Array(
  Schema.Literals([
    ..."'\"`$(){}[]<>|&;\\\n #*?!=~,a-".split(""),
    "$(",
    "${",
    "((",
    "<<E\n",
    "E\n",
    "if ",
    "then ",
    "fi",
    "case x in ",
    "esac",
    "do ",
    "done",
    "for i in ",
    "sh -c '",
    "eval ",
    "sudo ",
    "xargs ",
    "rm -rf /",
    "$'\\",
    "[[ ",
    " ]]",
    "f() ",
    "\uE000",
    "\u{1F600}"
  ])
).check(Schema.isMaxLength(40))

describe("a hostile script", () => {
  const patterns = ["rm -rf", "@downloader | @shell", "* > /etc/*", "X=*", "a * ** b"].map(pattern)
  const judge = (script: Script) =>
    patterns.map((one) => [CommandPattern.forbidden(one, script), CommandPattern.allowed(one, script)])

  it.prop("never makes the parser throw", [Fragments], ([fragments]) => {
    const script = Shell.read(fragments.join(""))
    assert.lengthOf(judge(script), patterns.length)
  })

  it.each([
    ["parentheses", "("],
    ["substitutions", "$("],
    ["backquotes", "`"],
    ["parameters", "${"],
    ["arithmetic", "$(("],
    ["arithmetic that is none", "$((a)"],
    ["process substitutions", "<("],
    ["words", "a "],
    ["commands", "a;"],
    ["pipes", "a|"],
    ["backslashes", "\\"],
    ["single quotes", "'"],
    ["double quotes", '"a'],
    ["braces", "{"],
    ["alternatives", "{a,b}"],
    ["brackets", "["],
    ["globs", "*?"],
    ["extended globs", "@("],
    ["here-documents", "<<a "],
    ["here-documents with lines", "<<a\n"],
    ["functions", "f() "],
    ["conditions", "if "],
    ["cases", "case x in "],
    ["loops", "for x in "],
    ["tests", "[[ "],
    ["arrays", "a=( "],
    ["redirections", ">a "],
    ["wrappers", "sudo "],
    ["appending wrappers", "xargs -I{} "],
    ["finders", "find -exec "],
    ["evaluations", "eval "],
    ["shells", "sh -c "],
    ["fed commands", "a <(b) | "],
    ["redirected blocks", "{ sh; } < x;"],
    ["assignments", "a= "],
    ["dollars", "$'\\x41'"]
  ])("takes linear time for 100 KB of %s", (_, part) => {
    const cost = (length: number) => {
      const text = part.repeat(Math.floor(length / part.length))
      return stepsOf(() => judge(Shell.read(text)))
    }
    cost(10_000)
    const [small, large] = [cost(25_000), cost(100_000)]
    assert.isAbove(small, 0)
    // A square would be sixteen times as much. How closely a function is counted differs by when it was compiled.
    assert.isAtMost(large, 8 * small)
  })

  it.each([
    "`",
    "a=`",
    "a <`",
    "[[ `",
    "a=(`"
  ])("reads as many substitutions as a script has room for: %s", (before) => {
    const script = Shell.read(before + "`".repeat(262_144 - before.length))
    assert.isAtLeast(script.commands.length + script.uncertainties.length, 1)
  })

  it("has bounds for what grows on the way", () => {
    const nested = Array.from({ length: 9 }).reduce<string>(
      (inner) => `sh -c '${inner.replaceAll("'", "'\\''")}'`,
      "rm -rf /"
    )
    const deep = Shell.read(nested)
    assert.isTrue(deep.uncertainties.length > 0 || commandsIn(deep).includes("rm -rf /"))
    const growing = `eval eval eval ${"{a,b,c,d,e,f,g,h}".repeat(2)}${"x".repeat(3_000)}`
    assert.isAtMost(Shell.read(growing).commands.length, 10_000)
    assert.lengthOf(Shell.read("a".repeat(300_000)).commands, 0)
    assert.isAbove(Shell.fromArguments(["a".repeat(300_000)]).uncertainties.length, 0)
  })
})

describe("a command pattern", () => {
  const is = (text: string, script: string) => {
    const chances = CommandPattern.forbidden(pattern(text), Shell.read(script))
    return chances.includes("yes") || (chances.includes("maybe") ? "maybe" : false)
  }

  it("takes flags in any order and spelling, and other words in their order", () => {
    for (const script of ["tar -xzf a", "tar -z -x a", "tar --extract --gzip a -z"])
      assert.isTrue(is("tar -xz", script), script)
    assert.isFalse(is("tar -xz", "tar -x a"))
    assert.isFalse(is("tar -xz", "tar -- -xz"))
    assert.isTrue(is("git remote add", "git -C x remote -v add y"))
    assert.isFalse(is("git remote add", "git add remote"))
    assert.isTrue(is("cp --target-directory=/etc/*", "cp --target-directory=/etc/x a"))
    assert.isTrue(is("cp /etc/*", "cp --target-directory=/etc/x a"))
    assert.isTrue(is("gcc {-O2,-O3}", "gcc -O3 a.c"))
  })

  it("takes what is quoted for itself", () => {
    assert.isTrue(is("echo '*'", "echo '*'"))
    assert.isFalse(is("echo '*'", "echo a"))
    assert.isTrue(is("echo \\{a,b\\}", "echo '{a,b}'"))
    assert.isTrue(is("echo 'a b'", "echo a\\ b"))
  })

  it("says maybe of what depends on words that are not known", () => {
    assert.strictEqual(is("rm -rf", "rm $x"), "maybe")
    assert.strictEqual(is("rm -rf", 'rm "$x" a'), "maybe")
    assert.strictEqual(is("rm -rf /", 'rm -rf "$x"'), "maybe")
    assert.strictEqual(is("cat /etc/*", "cat $x"), "maybe")
    assert.strictEqual(is("cat /etc/*", "cat /et?/shadow"), "maybe")
    assert.isFalse(is("cat /etc/*", 'cat "/tmp/$x"'))
    assert.isFalse(is("rm -rf", 'rm ./"$x"'))
    assert.isFalse(is("git push", "git status"))
  })

  it.each([
    "",
    "  ",
    "'",
    "a {b",
    "a |",
    "| a",
    "@nothing",
    "a >",
    `a ${"b ".repeat(100)}`,
    "x".repeat(600)
  ])("that is %j is refused or taken for a name", (text) => {
    const parsed = CommandPattern.parse(text)
    assert.isTrue(Result.isFailure(parsed) ? parsed.failure.length > 0 : text === "a {b")
  })
})
