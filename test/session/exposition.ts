/** Reads the text format of Prometheus 0.0.4 as its specification has it, and refuses whatever is not in it. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Family {
  readonly type: string
  readonly help: string | undefined
  readonly samples: ReadonlyArray<Sample>
}

const suffixes: Readonly<Record<string, ReadonlyArray<string>>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"]
}

const escapes: Readonly<Record<string, string>> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" }

const unescape = (text: string) =>
  text.replaceAll(/\\[\s\S]/g, (escaped) => {
    const plain = escapes[escaped]
    if (plain === undefined) throw new Error(`unknown escape ${escaped}`)
    return plain
  })

const numberOf = (text: string): number => {
  if (text === "+Inf") return Number.POSITIVE_INFINITY
  if (text === "-Inf") return Number.NEGATIVE_INFINITY
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && text !== "NaN") throw new Error(`not a number: ${text}`)
  return Number(text)
}

const labelsOf = (text: string): Readonly<Record<string, string>> => {
  const labels: Record<string, string> = {}
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\s\S])*)"(,|$)/y
  while (label.lastIndex < text.length) {
    const [, name, value] = label.exec(text) ?? []
    if (name === undefined || value === undefined || name in labels) throw new Error(`not labels: ${text}`)
    labels[name] = unescape(value)
  }
  return labels
}

const sampleOf = (line: string): Sample => {
  const [, name, labels = "", value] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`)
  return { name, labels: labelsOf(labels), value: numberOf(value) }
}

/** Buckets rise, end with +Inf, and agree with the count; there is one sum and one count for each set of labels. */
const checkHistogram = (name: string, { samples }: Family): void => {
  const series = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels))
  for (const [labels, own] of series) {
    const of = (suffix: string) => own.filter((sample) => sample.name === `${name}${suffix}`)
    const buckets = of("_bucket").map(({ labels: { le = "" }, value }) => ({ bound: numberOf(le), value }))
    const isSound =
      buckets.every(({ bound, value }, index) => {
        const before = buckets[index - 1]
        return before === undefined || (bound > before.bound && value >= before.value)
      }) &&
      buckets.at(-1)?.bound === Number.POSITIVE_INFINITY &&
      of("_count").length === 1 &&
      of("_sum").length === 1 &&
      buckets.at(-1)?.value === of("_count")[0]?.value
    if (!isSound) throw new Error(`the histogram ${name} ${labels} is not sound`)
  }
}

const check = (name: string, family: Family): void => {
  const names = suffixes[family.type]?.map((suffix) => `${name}${suffix}`)
  if (names === undefined) throw new Error(`${name} is of an unknown type, ${family.type}`)
  const seen = new Set<string>()
  for (const { labels, name: sample, value } of family.samples) {
    const key = `${sample}${JSON.stringify(Object.entries(labels).sort())}`
    if (!names.includes(sample)) throw new Error(`${sample} is not of the family ${name}`)
    if (seen.has(key)) throw new Error(`${key} is there twice`)
    if (family.type === "counter" && !(value >= 0)) throw new Error(`${key} is a negative counter`)
    seen.add(key)
  }
  if (family.type === "histogram") checkHistogram(name, family)
}

export const parse = (text: string): ReadonlyMap<string, Family> => {
  if (text !== "" && !text.endsWith("\n")) throw new Error("the last line has no end")
  const families = new Map<string, { type: string; help: string | undefined; samples: Array<Sample> }>()
  let help: { readonly name: string; readonly text: string } | undefined
  let current: { name: string; samples: Array<Sample> } | undefined
  for (const line of text.split("\n").slice(0, -1)) {
    const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? []
    if (keyword === "HELP") help = { name, text: unescape(rest) }
    if (keyword === "TYPE") {
      if (families.has(name)) throw new Error(`${name} is in two places`)
      const samples: Array<Sample> = []
      families.set(name, { type: rest, help: help?.name === name ? help.text : undefined, samples })
      current = { name, samples }
    }
    if (keyword !== undefined) continue
    if (current === undefined) throw new Error(`a sample without a type: ${line}`)
    current.samples.push(sampleOf(line))
  }
  for (const [name, family] of families) check(name, family)
  return families
}

/** The value of the one sample with these labels. */
export const valueOf = (
  families: ReadonlyMap<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
  suffix = ""
): number | undefined =>
  families
    .get(name)
    ?.samples.find(
      (sample) =>
        sample.name === `${name}${suffix}` &&
        Object.keys(sample.labels).length === Object.keys(labels).length &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value)
    )?.value
