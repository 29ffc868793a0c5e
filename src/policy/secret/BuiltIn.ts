/** Kinds of secrets that are known by name. */
import { type Detector, lengthMax, places, runs, type Scan, type Span } from "./Detector.ts"
import * as SecretPattern from "./SecretPattern.ts"

const jsonStart = "eyJ"

/** Three parts between dots, the first two of which are JSON in base64. */
const scanJwt = (text: string, from: number, isEnd: boolean): Scan => {
  const [head, body, signature] = [runs(text, "word"), runs(text, "word"), runs(text, "word")]
  const { all, partial } = places(text, jsonStart, from)
  let settled = isEnd ? text.length : partial
  const spans: Array<Span> = []
  for (const at of all) {
    const window = Math.min(text.length, at + lengthMax)
    const headEnd = head(at)
    const isBody = text[headEnd] === "." && text.startsWith(jsonStart, headEnd + 1)
    const bodyEnd = isBody ? body(headEnd + 1) : headEnd
    const isWhole = isBody && text[bodyEnd] === "."
    const end = isWhole ? signature(bodyEnd + 1) : bodyEnd
    if (isWhole && bodyEnd < window) spans.push({ from: at, to: Math.min(end, window) })
    const isCut = end >= text.length || (text[headEnd] === "." && jsonStart.startsWith(text.slice(headEnd + 1)))
    if (!isEnd && isCut && text.length < at + lengthMax) settled = Math.min(settled, at)
  }
  return { spans, settled }
}

const keyBegin = "-----BEGIN "
const keyEnd = "-----END "
const keyHeader = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/y
const keyFooter = /-----END [A-Z0-9 ]{0,60}-----/y
const markLengthMax = 90

/** From `BEGIN` to `END`; without an end, as much as a key may have. */
const scanPrivateKey = (text: string, from: number, isEnd: boolean): Scan => {
  const { all, partial } = places(text, keyBegin, from)
  let settled = isEnd ? text.length : partial
  let end = -1
  const spans: Array<Span> = []
  for (const at of all) {
    const window = Math.min(text.length, at + lengthMax)
    keyHeader.lastIndex = at
    if (!keyHeader.test(text)) {
      if (!isEnd && text.length - at < markLengthMax) settled = Math.min(settled, at)
      continue
    }
    if (end < at && end !== Number.POSITIVE_INFINITY) {
      const found = text.indexOf(keyEnd, at)
      end = found === -1 ? Number.POSITIVE_INFINITY : found
    }
    keyFooter.lastIndex = Math.min(end, text.length)
    const footer = keyFooter.exec(text)?.[0].length ?? keyEnd.length
    const to = Math.min(end + footer, window)
    spans.push({ from: at, to })
    if (!isEnd && text.length < at + lengthMax && !(end + markLengthMax < text.length)) settled = Math.min(settled, at)
  }
  return { spans, settled }
}

const digitsMin = 13
const digitsMax = 19

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= "0" && character <= "9"

const isSeparator = (character: string | undefined): boolean => character === " " || character === "-"

const cardFirst = /[2-6]/g

/** What a digit of which the double counts adds to a check sum. */
const doubled = (digit: number): number => (digit > 4 ? 2 * digit - 9 : 2 * digit)

/**
 * The number that begins at a place: where it ends, if it is one, and whether more text may make it another one. Every second
 * digit from the right is doubled for the check sum, so that there are two sums until it is known which digit is the last.
 */
const cardAt = (text: string, start: number): { readonly to: number | undefined; readonly isCut: boolean } => {
  let count = 0
  let [ifOdd, ifEven] = [0, 0]
  let to: number | undefined
  let at = start
  while (count <= digitsMax && isDigit(text[at])) {
    const digit = Number(text[at++])
    count++
    ifOdd += count % 2 === 1 ? digit : doubled(digit)
    ifEven += count % 2 === 0 ? digit : doubled(digit)
    if (isDigit(text[at])) continue
    const sum = count % 2 === 1 ? ifOdd : ifEven
    if (count >= digitsMin && count <= digitsMax && sum % 10 === 0) to = at
    if (isSeparator(text[at])) at++
  }
  return { to, isCut: at >= text.length && count <= digitsMax }
}

/** 13 to 19 digits, in groups or not, with a correct check digit. */
const scanCreditCard = (text: string, from: number, isEnd: boolean): Scan => {
  let settled = text.length
  const spans: Array<Span> = []
  for (const { index } of text.slice(from).matchAll(cardFirst)) {
    const start = from + index
    if (isDigit(text[start - 1])) continue
    const { isCut, to } = cardAt(text, start)
    if (!isEnd && isCut) settled = Math.min(settled, start)
    if (to !== undefined) spans.push({ from: start, to })
  }
  return { spans, settled }
}

const localMax = 64
const domainMax = 255
const isLocal = /[A-Za-z0-9._%+-]/
const domain = /(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})\.){1,8}[A-Za-z]{2,24}/y

const localStart = (text: string, at: number): number => {
  let start = at
  while (start > 0 && at - start < localMax && isLocal.test(text[start - 1] ?? "")) start--
  return start
}

const scanEmail = (text: string, from: number, isEnd: boolean): Scan => {
  let settled = isEnd ? text.length : Math.max(from, localStart(text, text.length))
  const spans: Array<Span> = []
  for (let at = text.indexOf("@", from); at !== -1; at = text.indexOf("@", at + 1)) {
    const start = Math.max(from, localStart(text, at))
    if (start === at) continue
    domain.lastIndex = at + 1
    const found = domain.exec(text.length > at + domainMax ? text.slice(0, at + domainMax) : text)?.[0]
    if (found !== undefined) spans.push({ from: start, to: at + 1 + found.length })
    if (!isEnd && text.length < at + domainMax && !/[^A-Za-z0-9.-]/.test(text.slice(at + 1))) {
      settled = Math.min(settled, start)
    }
  }
  return { spans, settled }
}

const prefixed = (
  name: string,
  prefixes: ReadonlyArray<string>,
  charset: SecretPattern.SecretPattern["charset"],
  length: readonly [number, number]
): readonly [string, ReadonlyArray<Detector>] => [
  name,
  prefixes.map((prefix) => SecretPattern.detector(name, { prefix, charset, min: length[0], max: length[1] }))
]

/** The detectors of each kind, by its name. */
export const builtIn: ReadonlyMap<string, ReadonlyArray<Detector>> = new Map([
  prefixed("aws-access-key", ["AKIA", "ASIA"], "upper", [16, 16]),
  prefixed("github-token", ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"], "word", [30, 255]),
  prefixed("gitlab-token", ["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glsoat-"], "word", [20, 64]),
  prefixed(
    "slack-token",
    ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxc-", "xoxd-", "xoxe-", "xapp-"],
    "word",
    [10, 255]
  ),
  prefixed("stripe-key", ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"], "alphanumeric", [16, 255]),
  prefixed("google-api-key", ["AIza"], "word", [35, 35]),
  prefixed("anthropic-key", ["sk-ant-"], "word", [20, 255]),
  prefixed("openai-key", ["sk-proj-", "sk-svcacct-", "sk-admin-"], "word", [20, 255]),
  prefixed("npm-token", ["npm_"], "alphanumeric", [36, 36]),
  prefixed("caisson-token", ["ct1."], "dotted", [100, lengthMax - 4]),
  ["jwt", [{ name: "jwt", prefix: jsonStart, scan: scanJwt }]],
  ["private-key-block", [{ name: "private-key-block", prefix: keyBegin, scan: scanPrivateKey }]],
  ["credit-card", [{ name: "credit-card", hint: `\\d(?:[ -]?\\d){${digitsMin - 1}}`, scan: scanCreditCard }]],
  ["email", [{ name: "email", hint: "@", scan: scanEmail }]]
])
