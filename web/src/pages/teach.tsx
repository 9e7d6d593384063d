import { useEffect, useState } from "preact/hooks";
import { api, type Job } from "../api.ts";
import { useWords } from "../i18n.ts";
import { JobProgress, Page, Problem, Section, size } from "../parts.tsx";
import { useDoing, useLoad } from "../use_load.ts";

const kRowsAtOnce = 10; // as api.rows asks for

function Rows({ name }: { name: string }) {
  const t = useWords();
  const [from, setFrom] = useState(0);
  const [find, setFind] = useState("");
  const { value, problem, reload } = useLoad(() => api.rows(name, from, find));
  useEffect(reload, [name, from, find]);
  const text = (row: Record<string, unknown>, key: string) => (typeof row[key] === "string" ? row[key] : JSON.stringify(row[key] ?? ""));
  return (
    <div class="rows">
      <div class="row">
        <input type="search" placeholder={t("find")} aria-label={t("find")} value={find} onInput={(event) => { setFind(event.currentTarget.value); setFrom(0); }} />
        <span class="muted nowrap">{t("rows", { n: value?.matching ?? 0 })}</span>
      </div>
      <Problem text={problem} />
      <ul class="samples">
        {value?.rows.map((row, i) => (
          <li key={from + i}>
            <p>{text(row, "transcript" in row ? "transcript" : "messages")}</p>
            <code>{text(row, "action")}</code>
          </li>
        ))}
      </ul>
      <div class="buttons">
        <button class="small" disabled={from === 0} onClick={() => setFrom(Math.max(0, from - kRowsAtOnce))}>{t("previous")}</button>
        <button class="small" disabled={from + kRowsAtOnce >= (value?.matching ?? 0)} onClick={() => setFrom(from + kRowsAtOnce)}>{t("next")}</button>
      </div>
    </div>
  );
}

function Samples({ jobs, onJob }: { jobs: Job[]; onJob(): void }) {
  const t = useWords();
  const doing = useDoing();
  const making = jobs.find((job) => job.kind === "make");
  const { value, problem, reload } = useLoad(api.samples);
  const [open, setOpen] = useState("");
  const [count, setCount] = useState(200);
  useEffect(reload, [making?.state]);
  const upload = async (file: File) => {
    await api.uploadSamples(file.name.replace(/[^\w.-]/g, "_").replace(/(\.jsonl)?$/, ".jsonl"), await file.text());
    reload();
  };
  return (
    <Section
      title={t("samples")}
      tools={
        <label class="button">
          {t("upload")}
          <input
            type="file" accept=".jsonl,.json" class="visually-hidden"
            onChange={(event) => { const file = event.currentTarget.files?.[0]; if (file) doing.run(() => upload(file)); }}
          />
        </label>
      }
    >
      <form class="row" onSubmit={(event) => { event.preventDefault(); doing.run(async () => { await api.startJob({ kind: "make", count, seed: Math.floor(Math.random() * 1e6) }); onJob(); }); }}>
        <label class="inline"><span>{t("count")}</span><input type="number" min={1} max={100000} value={count} onInput={(event) => setCount(event.currentTarget.valueAsNumber)} /></label>
        <button disabled={doing.busy || making?.state === "running"}>{t("makeSamples")}</button>
      </form>
      {making && making.state !== "done" && <JobProgress job={making} onCancel={() => doing.run(() => api.cancelJob(making.id))} />}
      <Problem text={problem || doing.problem} />
      {value?.files.length === 0 && <p class="muted">{t("noSamples")}</p>}
      <ul class="items">
        {value?.files.map((file) => (
          <li key={file.name} class="item">
            <div class="item-head">
              <strong>{file.name}</strong>
              <span class="muted nowrap">{t("rows", { n: file.rows })} · {size(file.bytes)}</span>
              <button class="small" aria-expanded={open === file.name} onClick={() => setOpen(open === file.name ? "" : file.name)}>{t(open === file.name ? "close" : "view")}</button>
              <button class="small danger" onClick={() => confirm(`${t("remove")} ${file.name}?`) && doing.run(async () => { await api.removeSamples(file.name); reload(); })}>{t("remove")}</button>
            </div>
            {open === file.name && <Rows name={file.name} />}
          </li>
        ))}
      </ul>
    </Section>
  );
}

// The loss over the steps, drawn to scale with a few round lines.
export function LossCurve({ points }: { points: [number, number][] }) {
  const t = useWords();
  if (points.length < 2) {
    return null;
  }
  const width = 600;
  const height = 180;
  const left = 40;
  const last = points.at(-1)![0];
  const first = points[0]![0];
  const most = Math.max(...points.map(([, loss]) => loss));
  const x = (step: number) => left + ((width - left - 8) * (step - first)) / Math.max(1, last - first);
  const y = (loss: number) => 8 + (height - 30) * (1 - loss / (most * 1.05 || 1));
  const lines = [0, 0.25, 0.5, 0.75, 1].map((share) => most * share);
  return (
    <svg class="curve" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${t("loss")}: ${points.at(-1)![1].toFixed(3)}`}>
      {lines.map((loss) => (
        <g key={loss}>
          <line x1={left} x2={width - 8} y1={y(loss)} y2={y(loss)} class="grid" />
          <text x={left - 6} y={y(loss) + 4} text-anchor="end">{loss.toFixed(2)}</text>
        </g>
      ))}
      <text x={left} y={height - 4}>{first}</text>
      <text x={width - 8} y={height - 4} text-anchor="end">{last}</text>
      <polyline points={points.map(([step, loss]) => `${x(step)},${y(loss)}`).join(" ")} />
    </svg>
  );
}

function Training({ jobs, canTrain, onJob }: { jobs: Job[]; canTrain: boolean; onJob(): void }) {
  const t = useWords();
  const doing = useDoing();
  const samples = useLoad(api.samples, 5000);
  const [dataset, setDataset] = useState("");
  const [steps, setSteps] = useState(50);
  const [rank, setRank] = useState(8);
  const [rate, setRate] = useState("1e-4");
  const latest = jobs.find((job) => job.kind === "sft");
  const detail = useLoad<Job | undefined>(async () => (latest ? api.job(latest.id) : undefined), latest?.state === "running" ? 1000 : 0);
  useEffect(detail.reload, [latest?.id, latest?.state]);
  const chosen = dataset || samples.value?.files[0]?.name || "";
  if (!canTrain) {
    return <Section title={t("train")}><p class="muted">{t("noTraining")}</p></Section>;
  }
  return (
    <Section title={t("train")}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          doing.run(async () => {
            await api.startJob({ kind: "sft", dataset: chosen, steps, rank, learning_rate: Number(rate) });
            onJob();
          });
        }}
      >
        <label><span>{t("dataset")}</span>
          <select value={chosen} onChange={(event) => setDataset(event.currentTarget.value)}>
            {samples.value?.files.map(({ name }) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <label><span>{t("steps")}</span><input type="number" min={1} max={100000} value={steps} onInput={(event) => setSteps(event.currentTarget.valueAsNumber)} /></label>
        <label><span>{t("rank")}</span><input type="number" min={1} max={256} value={rank} onInput={(event) => setRank(event.currentTarget.valueAsNumber)} /></label>
        <label><span>{t("rate")}</span><input type="text" inputMode="decimal" value={rate} onInput={(event) => setRate(event.currentTarget.value)} /></label>
        <button class="primary" disabled={doing.busy || chosen === "" || latest?.state === "running"}>{t("start")}</button>
      </form>
      <Problem text={doing.problem || detail.problem} />
      {latest && <JobProgress job={{ ...latest, lines: detail.value?.lines ?? latest.lines }} onCancel={() => doing.run(() => api.cancelJob(latest.id))} />}
      {detail.value?.points && <LossCurve points={detail.value.points} />}
      {latest?.state === "done" && <p class="hint">{t("trained", { name: latest.title })}</p>}
    </Section>
  );
}

export function TeachPage() {
  const t = useWords();
  const { value, problem, reload } = useLoad(api.jobs, 1000);
  return (
    <Page title={t("teach")} intro={t("teachIntro")}>
      <Problem text={problem} />
      <Samples jobs={value?.jobs ?? []} onJob={reload} />
      {value && <Training jobs={value.jobs} canTrain={value.can_train} onJob={reload} />}
    </Page>
  );
}
