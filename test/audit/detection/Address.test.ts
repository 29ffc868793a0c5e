import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import * as Address from "../../../src/audit/detection/Address.ts"
import { make, told, Watcher, watch } from "./observing.ts"

const alertsOf = (url: string, settings = {}) =>
  told(watch(make(settings), [new Watcher().call("http/fetch", { url })]).alerts)

const critical = ["metadata-address/critical"]
const high = ["private-address/high"]

describe("addresses", () => {
  it("V-20 finds metadata services in every spelling", () => {
    const spellings = [
      "http://169.254.169.254/latest",
      "http://2852039166/",
      "http://0xA9FEA9FE/",
      "http://0xa9.0xfe.0xa9.0xfe/",
      "http://0251.0376.0251.0376/",
      "http://169.254.43518/",
      "http://169.16689662/",
      "http://[::ffff:169.254.169.254]/",
      "http://[::ffff:a9fe:a9fe]/",
      "http://[0:0:0:0:0:ffff:a9fe:a9fe]:80/x",
      "http://[64:ff9b::a9fe:a9fe]/",
      "http://[fd00:ec2::254]/latest",
      "http://metadata.google.internal/",
      "http://METADATA.google.internal./",
      "http://169.254.169.254.nip.io/",
      "http://a-169-254-169-254.sslip.io/",
      "http://user:pass@169.254.169.254/",
      "http://example.org@169.254.169.254/",
      "http:\\\\169.254.169.254\\latest",
      "http://169%2e254%2e169%2e254/",
      "http://１６９.254.169.254/",
      "http://169\u3002254\u3002169\u3002254/",
      "  http://169.254.169.254/",
      "ht\ntp://169.254.169.254/",
      "http:/169.254.169.254/",
      "https:169.254.169.254/latest",
      "ws:2852039166",
      "http://example.org &@169.254.169.254/# @example.org/",
      "http://169.254.169\u00ad.254/",
      "http://169.254.\u200b169.254/",
      "http://a9fea9fe.nip.io/",
      "http://[fd00:ec2::23]/v1/credentials",
      "//169.254.169.254/x"
    ]
    for (const spelling of spellings) assert.deepStrictEqual(alertsOf(spelling), critical, spelling)
  })

  it("V-20 finds private and local addresses", () => {
    const spellings = [
      "http://10.1.2.3/",
      "http://172.31.0.9:8080/",
      "http://192.168.1.1/",
      "http://127.1/",
      "http://0/",
      "http://0x7f000001/",
      "http://017700000001/",
      "http://localhost:3000/",
      "http://x.localhost/",
      "http://[::1]/",
      "http://[::]/",
      "http://[fe80::1%25eth0]/",
      "http://[fd12:3456::1]/",
      "http://[2002:0a00:0001::]/",
      "http://100.64.0.1/",
      "http://169.254.1.1/",
      "http://db.internal/",
      "http://printer.local/",
      "http://localhost.localdomain/",
      "http:/127.0.0.1:8080/",
      "http://api.default.svc.cluster.local/"
    ]
    for (const spelling of spellings) assert.deepStrictEqual(alertsOf(spelling), high, spelling)
  })

  it("lets public addresses pass, also those that look nearly alike", () => {
    const spellings = [
      "https://example.org/169.254.169.254",
      "http://8.8.8.8/",
      "http://172.32.0.1/",
      "http://11.0.0.1/",
      "http://192.169.0.1/",
      "http://169.254.169.254.example.org/",
      "http://10.example.org/",
      "http://internal.example.org/",
      "http://[2606:4700::1111]/",
      "http://1e3.example/",
      "http:8080",
      "https:443",
      "ftp: 10.0.0.1",
      "http://cafe0000.nip.io/",
      "mailto:ann@10.0.0.1",
      "a text about http://10.0.0.1/ in a sentence"
    ]
    for (const spelling of spellings) assert.deepStrictEqual(alertsOf(spelling), [], spelling)
  })

  it("finds addresses that another service is asked to fetch, and leaves out those that are allowed", () => {
    assert.deepStrictEqual(alertsOf("https://go.example.org/?to=http%3A%2F%2F169.254.169.254%2Flatest"), [
      "metadata-address/high"
    ])
    assert.deepStrictEqual(alertsOf("https://go.example.org/http://10.0.0.1/x"), ["private-address/medium"])
    assert.deepStrictEqual(alertsOf("http://10.0.0.1/", { allowedAddresses: ["10.0.0.1"] }), [])
  })

  it("V-20 finds connections, by name and by what the name was resolved to", () => {
    const watcher = new Watcher()
    const connect = (host: string, address?: string) =>
      told(
        watch(make({}), [
          { ...watcher.common(), _tag: "Network", host, port: 443, ...(address === undefined ? {} : { address }) }
        ]).alerts
      )
    assert.deepStrictEqual(connect("192.168.0.4"), high)
    assert.deepStrictEqual(connect("rebind.example.org", "10.0.0.8"), high)
    assert.deepStrictEqual(connect("rebind.example.org", "::ffff:169.254.169.254"), critical)
    assert.deepStrictEqual(connect("example.org", "93.184.216.34"), [])
  })

  const Byte = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 }))

  it.prop(
    "reads every IPv4 address alike in decimal, hexadecimal, octal, short and mapped form",
    [Byte, Byte, Byte, Byte],
    ([a, b, c, d]) => {
      const number = ((a * 256 + b) * 256 + c) * 256 + d
      const octal = (byte: number) => `0${byte.toString(8)}`
      const spellings = [
        String(number),
        `0x${number.toString(16)}`,
        [a, b, c, d].map(octal).join("."),
        `${a}.${b}.${c * 256 + d}`,
        `::ffff:${a}.${b}.${c}.${d}`,
        `::ffff:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
      ]
      const expected = Address.networkOf(`${a}.${b}.${c}.${d}`)
      for (const spelling of spellings) assert.strictEqual(Address.networkOf(spelling), expected, spelling)
    }
  )
})
