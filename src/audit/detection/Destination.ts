/** Where the texts of a call point to: hosts of URLs and domains of mail addresses. */
import * as Address from "./Address.ts"

export interface Destination {
  /** Canonical. */
  readonly host: string
  /** Who gets it: the domain that a host is registered under, or a mail address without its tag. */
  readonly owner: string
  readonly port: string
  readonly kind: "url" | "mail" | "host"
}

const hostsMax = 64
const textMax = 16_384
const urlMax = 4_096

/** The last two names of a host, or three where the last but one is as short as in `co.uk`. Of an address, all of it. */
const registered = (host: string): string => {
  const labels = host.split(".")
  if (labels.length < 3 || Address.isAddress(host)) return host
  return labels.slice((labels.at(-2)?.length ?? 0) < 4 ? -3 : -2).join(".")
}

const onWeb = (text: string, port: string, kind: "url" | "host"): Destination => {
  const host = Address.canonical(text)
  return { host, owner: registered(host), port, kind }
}

const byMail = (local: string, domain: string): Destination => {
  const host = Address.canonical(domain)
  return { host, owner: `${local.toLowerCase().split("+")[0]}@${host}`, port: "", kind: "mail" }
}

const ofAuthority = (authority: string, port = ""): Destination => {
  const behindUser = authority.slice(authority.lastIndexOf("@") + 1)
  const [, bracketed, behind] = /^(\[[^\]]*\])(?::(\d*))?/.exec(behindUser) ?? []
  if (bracketed !== undefined) return onWeb(bracketed, behind || port, "url")
  const [host = "", given] = behindUser.split(":")
  return onWeb(host, given || port, "url")
}

const defaultPorts: Readonly<Record<string, string>> = { http: "80", https: "443", ws: "80", wss: "443", ftp: "21" }

const wholeUrl = /^\s*([a-z][a-z0-9+.-]*):[/\\]{2,}([^/\\?#\s]*)/i
const protocolRelative = /^\s*()[/\\]{2}([^/\\?#\s]+\.[^/\\?#\s]+|\[[^\]]+\][^/\\?#\s]*)/
const wholeHost = /^\s*(\[[0-9a-f:.%]+\]|[a-z0-9_.%\u0080-\uffff-]+)(?::(\d{1,5}))?\s*$/i
const mailAddress = /([\w.+-]{1,64})@([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gi
const urlWithin = /\b[a-z][a-z0-9+.-]{1,16}:\/\/([^\s/?#"'<>\\)]+)/gi

/** A URL as it is written. */
const ofWritten = (text: string): Destination | undefined => {
  const [, scheme = "", authority] = wholeUrl.exec(text) ?? protocolRelative.exec(text) ?? []
  if (authority === undefined || authority === "") return undefined
  return ofAuthority(authority, defaultPorts[scheme.toLowerCase()])
}

/** A name and a port, such as `https:443`, is a URL to a browser, too. */
const maybeUrl = /^\s*(?:https?|wss?|ftp):(?:[/\\]|.*[.[]|.*\d{8}|.*0x)/is

/** A URL as browsers and `fetch` take it: with one slash or none, and all that stands before the last `@` for a user. */
const ofBrowsed = (text: string): Destination | undefined => {
  const url = text.length < urlMax && maybeUrl.test(text) ? URL.parse(text) : null
  return url === null
    ? undefined
    : onWeb(url.hostname, url.port || (defaultPorts[url.protocol.slice(0, -1)] ?? ""), "url")
}

/** The URL that a text is, as a whole. */
export const ofUrl = (text: string): Destination | undefined => ofWritten(text) ?? ofBrowsed(text)

/** Where the URL that a text is leads to: those who read it do not agree on all of them. */
export const ofUrls = (text: string): ReadonlyArray<Destination> => {
  const written = ofWritten(text)
  const browsed = ofBrowsed(text)
  return [written, browsed === undefined || browsed.host === written?.host ? undefined : browsed].filter(
    (destination) => destination !== undefined
  )
}

/** The host that a text is, as a whole; only for arguments that are known to name hosts. */
export const ofHost = (text: string): Destination | undefined => {
  const [, host, port = ""] = wholeHost.exec(text) ?? []
  if (host !== undefined) return onWeb(host, port, "host")
  return text.includes("::") && text.length < 64 ? onWeb(text, "", "host") : undefined
}

const addresses = (text: string): ReadonlyArray<Destination> =>
  text.includes("@")
    ? [...text.matchAll(mailAddress)].slice(0, hostsMax).map(([, local = "", domain = ""]) => byMail(local, domain))
    : []

/** The recipients that a text lists. */
export const ofRecipients = (text: string): ReadonlyArray<Destination> => (text.length > textMax ? [] : addresses(text))

/** All that a text of any kind mentions. */
export const mentioned = (text: string): ReadonlyArray<Destination> => [
  ...[...text.matchAll(urlWithin)].slice(0, hostsMax).map(([, authority = ""]) => ofAuthority(authority)),
  ...addresses(text)
]

/** Whether a host is one of the domains, or below one. */
export const isBelow = (host: string, domains: ReadonlyArray<string>): boolean =>
  domains.some((domain) => host === domain || host.endsWith(`.${domain}`))

const namesRecipient = /\/(?:to|cc|bcc|recipient|recipients|email|emails|mail|address|addresses)(?:\/\*)?$/i

/** Whether the texts of a place say to whom a call goes. */
export const isRecipient = (path: string): boolean => namesRecipient.test(path)
