// Small pieces that several pages use.
import type { ComponentChildren } from "preact";
import type { Job } from "./api.ts";
import { useWords, wordFor } from "./i18n.ts";

export function Problem({ text }: { text: string }) {
  return text === "" ? null : <p class="problem" role="alert">{text}</p>;
}

export function Page({ title, intro, children }: { title: string; intro: string; children: ComponentChildren }) {
  return (
    <div class="page">
      <header class="page-head">
        <h1>{title}</h1>
        <p>{intro}</p>
      </header>
      {children}
    </div>
  );
}

export function Section({ title, tools, children }: { title: string; tools?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="panel">
      <header>
        <h2>{title}</h2>
        {tools && <div class="tools">{tools}</div>}
      </header>
      {children}
    </section>
  );
}

export function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${Math.round(bytes / 1e6)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}

export function JobProgress({ job, onCancel }: { job: Job; onCancel(): void }) {
  const t = useWords();
  return (
    <div class={`job ${job.state}`} data-testid="job">
      <div class="job-head">
        <strong>{job.title}</strong>
        <span class={`badge ${job.state}`}>{wordFor(t, job.state)}</span>
        {job.percent !== undefined && <span>{job.percent} %</span>}
        {job.state === "running" && <button class="small" onClick={onCancel}>{t("cancel")}</button>}
      </div>
      {job.state === "running" && <progress max={100} {...(job.percent === undefined ? {} : { value: job.percent })} aria-label={job.title} />}
      {job.state !== "done" && job.lines.length > 0 && <pre class="lines">{job.lines.slice(-3).join("\n")}</pre>}
    </div>
  );
}
