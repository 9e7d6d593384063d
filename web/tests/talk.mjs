// The main job from the page: a recording is the microphone, LibreOffice Calc the screen, a Maildir the post office.
//   node talk.mjs URL RECORDING STATE_FOLDER
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { openBrowser, openPage, picture } from "./browser.mjs";

const [url, recording, state] = process.argv.slice(2);
const sent = () => (existsSync(`${state}/outbox/new`) ? readdirSync(`${state}/outbox/new`).length : 0);
const step = (text) => console.log(`-- ${text}`);
const browser = await openBrowser(recording);

// Where the lit box lies within the picture, in shares of it.
async function litShares(page) {
  const image = await page.locator(".screen img").boundingBox();
  const [x, y, width, height] = await page.locator("rect.lit").evaluate((rect) => {
    const box = rect.getBBox(); // without its stroke
    const to = rect.getScreenCTM();
    return [box.x * to.a + to.e, box.y * to.d + to.f, box.width * to.a, box.height * to.d];
  });
  return [(x - image.x) / image.width, (y - image.y) / image.height, width / image.width, height / image.height];
}

function near(got, wanted, what) {
  got.forEach((share, i) => assert.ok(Math.abs(share - wanted[i]) < 0.01, `${what}: ${got} is not ${wanted}`));
}

async function guide() {
  step("the first-run guide");
  const page = await openPage(browser, url, { language: "zh", speaks: false }, { locale: "zh-CN" });
  await page.locator(".checks .ok").nth(2).waitFor();
  await page.getByText("试试麦克风").click();
  await page.locator(".checks .ok").nth(3).waitFor();
  await picture(page, "guide_zh");
  await page.getByTestId("begin").click();
  await page.locator("dialog").waitFor({ state: "hidden" });
  await page.reload();
  assert.equal(await page.locator("dialog").isVisible(), false, "it is shown once");
  await picture(page, "welcome_zh");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

async function speakAndAllow() {
  step("spoken, seen, allowed, sent");
  const page = await openPage(browser, url, { language: "zh", speaks: false, guided: true, spoken: "zh" });
  let answer;
  page.on("response", async (response) => {
    if (response.url().endsWith("/propose")) {
      answer = await response.json();
    }
  });
  await page.getByTestId("mic").click();
  await page.getByTestId("allow").waitFor();
  assert.match(await page.getByTestId("said").innerText(), /把这个表格发给李经理$/);
  assert.match(await page.locator(".card .question").innerText(), /李建国|李经理/, "the question names who gets it");
  assert.equal(await page.locator("rect.lit").getAttribute("data-target"), "current_table");
  const size = await page.locator(".screen img").evaluate((image) => [image.naturalWidth, image.naturalHeight]);
  const [x, y, width, height] = answer.target_box;
  const wanted = [x / size[0], y / size[1], width / size[0], height / size[1]];
  near(await litShares(page), wanted, "the lit box");
  assert.equal(sent(), 0, "nothing is sent before the yes");
  await picture(page, "talk_zh");
  await page.setViewportSize({ width: 390, height: 844 });
  near(await litShares(page), wanted, "the lit box on a phone");
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `the page is ${overflow} pixels too wide`);
  await picture(page, "talk_phone_zh");
  await page.setViewportSize({ width: 1360, height: 820 });
  await page.getByTestId("allow").click();
  await page.locator(".outcome.done").waitFor();
  assert.equal(sent(), 1, "one mail is in the outbox");
  assert.ok(await page.locator(".timeline .stage-asr").count(), "the time of hearing is told");
  await picture(page, "done_zh");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

async function typeAndChange() {
  step("typed, changed, allowed by key");
  const page = await openPage(browser, url, { language: "en", speaks: false, guided: true, theme: "dark" }, { colorScheme: "dark" });
  await page.getByTestId("words").fill("Send this table to Anna");
  await page.keyboard.press("Enter");
  await page.getByTestId("allow").waitFor();
  await picture(page, "talk_dark_en");
  await page.keyboard.press("c");
  await page.locator(".editor").waitFor();
  await page.locator("rect.choice").first().waitFor();
  await picture(page, "change_dark_en");
  await page.keyboard.press("Escape");
  await page.getByTestId("allow").waitFor();
  await page.keyboard.press("n");
  await page.getByTestId("allow").waitFor({ state: "hidden" });
  assert.equal(sent(), 1, "a no sends nothing");

  await page.getByTestId("words").fill("Send this table to Anna");
  await page.keyboard.press("Enter");
  await page.getByTestId("allow").waitFor();
  await page.keyboard.press("y");
  await page.locator(".outcome.done").waitFor();
  assert.equal(sent(), 2);

  step("a safe action runs at once, and is undone");
  await page.getByTestId("words").fill("Set a timer for ten minutes");
  await page.keyboard.press("Enter");
  await page.locator(".turn:last-of-type .outcome.done").waitFor();
  await page.locator(".turn:last-of-type").getByTestId("undo").click();
  await page.locator(".turn:last-of-type .outcome", { hasText: "Undo" }).waitFor();
  await page.locator(".turn:last-of-type").getByText("Remember this").waitFor({ state: "hidden" });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

async function otherPages() {
  step("the other pages, on a desk and on a phone");
  const page = await openPage(browser, `${url}/#/actions`, { language: "en", speaks: false, guided: true });
  await page.getByTestId("try-words").fill("set the volume to 30 percent");
  await page.keyboard.press("Enter");
  await page.getByTestId("try-decision").getByText("set_volume").waitFor();
  await picture(page, "actions_en");

  step("an action of one's own");
  await page.getByText("New action").click();
  await page.locator("textarea").fill("{ not json");
  assert.ok(await page.getByRole("button", { name: "Save" }).isDisabled());
  await page.locator("textarea").fill(JSON.stringify({
    name: "lamp", description: { zh: "开灯或关灯", en: "Turn a lamp on or off" }, risk: "safe",
    parameters: { type: "object", required: ["state"], properties: { state: { type: "string", enum: ["on", "off"] } } },
    run: { mqtt: { topic: "home/lamp/set", payload: "{state}" } },
  }));
  await page.getByRole("button", { name: "Save" }).click();
  const lamp = page.locator(".item", { hasText: "Turn a lamp on or off" });
  await lamp.getByText("yours").waitFor();
  await page.getByTestId("try-words").fill("turn on the lamp");
  await page.keyboard.press("Enter");
  await page.getByTestId("try-decision").getByText('"lamp"').waitFor();
  page.on("dialog", (dialog) => dialog.accept());
  await lamp.getByText("Edit").click();
  await lamp.getByText("Remove").click();
  await lamp.waitFor({ state: "detached" });

  step("samples are made and browsed");
  await page.goto(`${url}/#/teach`);
  await page.locator("input[type=number]").first().fill("24");
  await page.getByText("Make samples").click();
  await page.locator(".item", { hasText: "made-24" }).getByText("View").click();
  await page.locator(".samples li").nth(9).waitFor();
  await picture(page, "teach_en");

  for (const [name, sign] of [["models", ".item"], ["activity", ".item"], ["settings", ".fields"], ["teach", ".panel"], ["actions", ".item"]]) {
    await page.setViewportSize({ width: 1360, height: 820 });
    await page.goto(`${url}/#/${name}`);
    await page.locator(sign).nth(1).waitFor();
    await picture(page, `${name}_desk_en`);
    await page.setViewportSize({ width: 390, height: 844 });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `${name} is ${overflow} pixels too wide on a phone`);
    await picture(page, `${name}_phone_en`);
  }
  await page.goto(`${url}/#/settings`);
  await page.getByTestId("language").selectOption("zh");
  await page.getByTestId("theme").selectOption("dark");
  await page.getByRole("heading", { name: "设置" }).waitFor();
  await picture(page, "settings_phone_dark_zh");
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

try {
  await guide();
  await speakAndAllow();
  await typeAndChange();
  await otherPages();
} finally {
  await browser.close();
}
