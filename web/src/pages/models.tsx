import { api, type CatalogModel, type Job, type ServedModel } from "../api.ts";
import { useWords } from "../i18n.ts";
import { JobProgress, Page, Problem, Section, size } from "../parts.tsx";
import { useDoing, useLoad } from "../use_load.ts";

function Tier({ model, onChanged }: { model: ServedModel; onChanged(): void }) {
  const t = useWords();
  const doing = useDoing();
  const { makes, aliases, loaded, context_tokens, adapter_of } = model.yanxing;
  const canLoad = makes === "text" && model.id !== "remote" && !adapter_of;
  return (
    <li class="item">
      <div class="item-head">
        <div>
          <strong>{model.id}</strong>
          {aliases.map((alias) => <span key={alias} class="badge">{alias}</span>)}
        </div>
        {loaded && <span class="badge done">{t("loaded")}</span>}
        {canLoad && (
          <button class="small" disabled={doing.busy} onClick={() => doing.run(async () => { await (loaded ? api.unload(model.id) : api.load(model.id)); onChanged(); })}>
            {doing.busy ? "…" : t(loaded ? "unload" : "load")}
          </button>
        )}
      </div>
      <p class="muted">{makes}{context_tokens ? ` · ${t("context", { n: context_tokens })}` : ""}</p>
      <Problem text={doing.problem} />
    </li>
  );
}

function CatalogRow({ model, job, onPull, onCancel }: { model: CatalogModel; job: Job | undefined; onPull(): void; onCancel(): void }) {
  const t = useWords();
  return (
    <li class="item">
      <div class="item-head">
        <div>
          <strong>{model.name}</strong> <span class="badge">{model.role}</span>
          {model.default && !model.installed && <span class="badge confirm">{t("byDefault")}</span>}
        </div>
        <span class="muted nowrap">{size(model.bytes)}</span>
        {model.installed ? <span class="badge done">{t("installed")}</span> : (
          <button class="small" disabled={job?.state === "running"} onClick={onPull}>{t("pull")}</button>
        )}
      </div>
      <p class="muted">{model.summary} · {t("licence")}: {model.licence}</p>
      {job && job.state !== "done" && <JobProgress job={job} onCancel={onCancel} />}
    </li>
  );
}

export function ModelsPage() {
  const t = useWords();
  const doing = useDoing();
  const jobs = useLoad(api.jobs, 1000);
  const served = useLoad(api.served, 5000);
  const catalog = useLoad(api.catalog, jobs.value?.jobs.some((job) => job.state === "running") ? 2000 : 0);
  const jobOf = (name: string) => jobs.value?.jobs.find((job) => job.kind === "pull" && job.title === name);
  return (
    <Page title={t("models")} intro={t("modelsIntro")}>
      <Problem text={served.problem || catalog.problem || doing.problem} />
      <Section title={t("tiers")}>
        <ul class="items">{served.value?.map((model) => <Tier key={model.id} model={model} onChanged={served.reload} />)}</ul>
      </Section>
      <Section title={t("catalog")}>
        <ul class="items">
          {catalog.value?.map((model) => (
            <CatalogRow
              key={model.name} model={model} job={jobOf(model.name)}
              onPull={() => doing.run(async () => { await api.startJob({ kind: "pull", model: model.name }); jobs.reload(); })}
              onCancel={() => doing.run(() => api.cancelJob(jobOf(model.name)!.id))}
            />
          ))}
        </ul>
      </Section>
    </Page>
  );
}
