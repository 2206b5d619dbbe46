/** The request that the page would send, as code in three languages. */

import { announce, el } from "./dom.js";
import { currentKey } from "./key.js";
import { S } from "./strings.js";

const LANGUAGES = { curl: "curl", python: "Python", javascript: "JavaScript" };

/** @param {{kind: string, photo: string, files?: Record<string, string>, texts?: Record<string, string>, controls: any, options: any}} request */
export function showCode(request) {
  const code = el("pre", { class: "code", tabIndex: 0, id: "code" });
  const status = el("span", { class: "hint", role: "status" });
  const tabs = Object.entries(LANGUAGES).map(([language, label]) => el("button", { type: "button", role: "tab", "data-language": language, "aria-controls": "code", onclick: () => choose(language) }, label));
  const choose = (language) => {
    for (const tab of tabs) tab.setAttribute("aria-selected", String(tab.dataset.language === language));
    code.textContent = WRITERS[language](request);
    status.textContent = "";
  };
  const copy = async () => {
    await navigator.clipboard.writeText(code.textContent);
    status.textContent = S.code.copied;
    announce(S.code.copied);
  };
  const dialog = el("dialog", { class: "large", "aria-labelledby": "code-title" }, el("div", { class: "dialog-body" },
    el("h2", { id: "code-title" }, S.code.title), el("p", { class: "hint" }, S.code.lead),
    el("div", { class: "languages", role: "tablist" }, ...tabs), code,
    el("div", { class: "dialog-end" }, status,
      el("button", { type: "button", class: "button quiet", onclick: () => dialog.close() }, S.code.close),
      el("button", { type: "button", class: "button primary", onclick: copy }, S.code.copy))));
  dialog.addEventListener("close", () => dialog.remove());
  choose("curl");
  document.body.append(dialog);
  dialog.showModal();
}

const base = () => new URL(".", document.baseURI).href.replace(/\/$/, "");
const extension = ({ kind, controls, options }) => options.output?.format ?? (kind === "edit" && !controls.keyframes ? "png" : "mp4");
const quoted = (value) => `'${JSON.stringify(value).replaceAll("'", "'\\''")}'`;
const asPython = (value) => JSON.stringify(value, null, 4).replaceAll(/\btrue\b/g, "True").replaceAll(/\bfalse\b/g, "False").replaceAll(/\bnull\b/g, "None");

const WRITERS = {
  curl({ kind, photo, files = {}, texts = {}, controls, options }) {
    const parts = [`source=@${photo}`, ...Object.entries(files).map(([field, name]) => `${field}=@${name}`), ...Object.entries(texts).map(([field, text]) => `${field}=${text}`)];
    const key = currentKey() ? ["--header 'Authorization: Bearer KEY'"] : [];
    const still = kind === "edit" && !controls.keyframes;
    const accept = still ? "image/*" : "video/*";
    const lines = [`curl --fail-with-body ${base()}/${kind}`, `--header 'Accept: ${accept}' --header 'Prefer: wait=60'`, ...key,
      ...parts.map((part) => `--form '${part}'`), `--form controls=${quoted(controls)}`, `--form options=${quoted(options)}`, `--output result.${extension({ kind, controls, options })}`];
    return lines.join(" \\\n  ");
  },
  python({ kind, photo, files = {}, texts = {}, controls, options }) {
    const key = currentKey() ? ', api_key="KEY"' : "";
    const ids = Object.values(texts).map((id) => `, SourceId(${JSON.stringify(id)})`);
    const media = Object.values(files).map((name) => `, ${JSON.stringify(name)}`).concat(ids).join("");
    const name = `result.${extension({ kind, controls, options })}`;
    return `from client import PortraitClient${ids.length ? ", SourceId" : ""}\n\ncontrols = ${asPython(controls)}\noptions = ${asPython(options)}\n\nwith PortraitClient(${JSON.stringify(base())}${key}) as portrait:\n    job = portrait.${kind}(${JSON.stringify(photo)}${media}, controls=controls, options=options)\n    portrait.save(job, ${JSON.stringify(name)})\n`;
  },
  javascript({ kind, files = {}, texts = {}, controls, options }) {
    const key = currentKey() ? ', Authorization: "Bearer KEY"' : "";
    const names = ["source", ...Object.keys(files)];
    return `const service = ${JSON.stringify(base())};
const form = new FormData();
${names.map((field) => `form.append(${JSON.stringify(field)}, ${field}File);`).concat(Object.entries(texts).map((pair) => `form.append(${pair.map((text) => JSON.stringify(text)).join(", ")});`)).join("\n")}
form.append("controls", JSON.stringify(${JSON.stringify(controls)}));
form.append("options", JSON.stringify(${JSON.stringify(options)}));

const answer = await fetch(\`\${service}/${kind}\`, {
  method: "POST", body: form, headers: { Prefer: "wait=60"${key} },
});
const job = await answer.json(); // until it has succeeded, ask for /jobs/{id} again
const result = await fetch(\`\${service}\${job.result.url}\`${key ? `, { headers: { ${key.slice(2)} } }` : ""});
const blob = await result.blob();
`;
  },
};
