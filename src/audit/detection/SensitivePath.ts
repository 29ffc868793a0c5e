/** Which files hold what opens other doors. Paths are compared after everything that different spellings can hide is undone. */

export interface Sensitive {
  /** What the file is, for people. */
  readonly what: string
  readonly severity: "low" | "medium" | "high" | "critical"
}

const lengthMax = 4_096

const decoded = (path: string): string => {
  let text = path
  for (let round = 0; round < 2 && /%[0-9A-Fa-f]{2}/.test(text); round++) {
    text = text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  }
  return text
}

const door = /^proc\/[^/]+\/(?:task\/[^/]+\/)?(?:root|cwd)$/

/**
 * An absolute path in one spelling. A relative path is read as if its folder were the root, since enough `..` lead there. A path
 * through `/proc/<process>/root` or `/proc/<process>/cwd`, or those of one of its threads, is the path behind it.
 */
export const normalise = (path: string): string => {
  const text = decoded(path.slice(0, lengthMax)).normalize("NFKC").replaceAll("\\", "/").split("\0")[0] ?? ""
  const local = text.replace(/^file:(?:\/\/[^/]*)?/i, "").replace(/^\$\{?HOME\}?/, "~")
  const segments: Array<string> = []
  for (const segment of local.trim().split("/")) {
    if (segment === "" || segment === ".") continue
    if (segment === "..") segments.pop()
    else segments.push(segment)
    if (segments.length < 6 && door.test(segments.join("/"))) segments.length = 0
  }
  return `/${segments.join("/")}`
}

type Kind = readonly [what: string, severity: Sensitive["severity"], pattern: RegExp]

/** What applications read of their own when they start is a note only. */
const kinds: ReadonlyArray<Kind> = [
  ["password hashes of the system", "critical", /^\/etc\/g?shadow-?$|^\/etc\/(?:master\.passwd|security\/opasswd)$/],
  [
    "password hashes of the system",
    "critical",
    /^\/private\/etc\/master\.passwd$|\/windows\/system32\/config\/(?:sam|system|security)$/i
  ],
  ["rules of who may become root", "high", /^\/etc\/sudoers(?:$|\.d\/)/],
  [
    "private key",
    "critical",
    /\/\.ssh\/(?:id_[a-z0-9_-]+|identity)$|\/ssh_host_[a-z0-9_]+_key$|(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)$/
  ],
  ["ssh access", "high", /\/\.ssh\/(?:authorized_keys2?|config|known_hosts)$|\/\.ssh$/],
  ["private key", "critical", /\/\.gnupg\/(?:private-keys|secring)|\/etc\/(?:ssl|pki)\/(?:.*\/)?private\//],
  ["private key", "high", /(?:privkey|private[_-]?key|server)[^/]*\.(?:pem|key)$|\.(?:p12|pfx|jks|keystore|kdbx|ppk)$/],
  [
    "credentials of a cloud",
    "critical",
    /\/\.aws\/(?:credentials|config|sso\/cache)|\/\.azure\/|\/\.config\/gcloud\/|\/\.oci\/config$/
  ],
  ["credentials of a cloud", "critical", /application_default_credentials\.json$|service[_-]?account[^/]*\.json$/],
  [
    "credentials of a cluster",
    "critical",
    /\/\.kube\/config$|\/var\/run\/secrets\/|\/run\/secrets\/|^\/etc\/kubernetes\/(?:admin|kubelet|pki)/
  ],
  [
    "credentials of a registry or tool",
    "high",
    /\/\.docker\/config\.json$|\/\.(?:netrc|npmrc|pypirc|git-credentials|pgpass|my\.cnf|vault-token|terraformrc)$/
  ],
  [
    "credentials of a registry or tool",
    "high",
    /\/\.config\/(?:gh\/hosts\.yml|hub|rclone\/rclone\.conf)$|\/\.terraform\.d\/credentials/
  ],
  ["environment of a process", "critical", /^\/proc\/[^/]+\/(?:task\/[^/]+\/)?environ$/],
  [
    "memory of a process",
    "critical",
    /^\/proc\/[^/]+\/(?:task\/[^/]+\/)?(?:mem|maps|pagemap)$|^\/proc\/k(?:core|allsyms)$|^\/dev\/(?:k?mem|port)$/
  ],
  [
    "door out of a container",
    "critical",
    /\/docker\.sock$|\/containerd\.sock$|\/crio\.sock$|^\/sys\/fs\/cgroup\/.*release_agent$|^\/proc\/sys\/kernel\/core_pattern$/
  ],
  ["history of a shell", "high", /\/\.(?:bash|zsh|sh|mysql|psql|python|node_repl)_history$/],
  ["secrets of a browser", "critical", /\/(?:Login Data|Cookies|logins\.json|key4\.db)$/],
  [
    "secrets of an application",
    "low",
    /\/\.env(?:\.[a-z0-9_-]+)?$|\/(?:secrets?|credentials)\.(?:ya?ml|json|toml|ini)$|\/\.htpasswd$|\/wp-config\.php$/
  ],
  ["accounts of the system", "medium", /^\/etc\/passwd-?$/]
]

const examples = /\.env\.(?:example|sample|template|dist)$/i

/** What makes a normalised path one that needs a reason. */
export const classify = (path: string): Sensitive | undefined => {
  if (examples.test(path)) return undefined
  const kind = kinds.find(([, , pattern]) => pattern.test(path))
  return kind === undefined ? undefined : { what: kind[0], severity: kind[1] }
}

/** Whether a text is likely to be meant as a path: one line, and one of the ways in which paths begin. */
export const looksLikePath = (text: string): boolean =>
  text.length > 1 &&
  text.length <= lengthMax &&
  /^(?:file:|~|\$\{?HOME|[/\\]|\.{1,2}[/\\]|%2f|%2e|[a-z]:[/\\])/i.test(text) &&
  !/[\n\r]/.test(text)
