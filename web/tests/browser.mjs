// A browser for the tests: Debian's Chromium with a recording as its microphone.
import { chromium } from "playwright-core";

export async function openBrowser(recording) {
  return chromium.launch({
    executablePath: process.env.YANXING_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", // tests run as root in containers
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      ...(recording ? [`--use-file-for-fake-audio-capture=${recording}%noloop`] : []),
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

// A page whose complaints (errors, what the Content-Security-Policy stopped) are gathered in `complaints`.
export async function openPage(browser, url, settings = {}, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 820 }, ...options });
  await context.addInitScript((kept) => {
    if (localStorage.getItem("yanxing") === null) {
      localStorage.setItem("yanxing", JSON.stringify(kept));
    }
  }, settings);
  const page = await context.newPage();
  page.setDefaultTimeout(240_000); // models may answer on two slow cores that others use too
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") {
      page.complaints.push(message.text());
    }
  });
  await page.goto(url);
  return page;
}

// Pictures for the documentation, where a folder for them is named.
export async function picture(page, name) {
  const folder = process.env.YANXING_PICTURES;
  if (folder) {
    await page.waitForTimeout(400); // what moves has come to rest
    await page.screenshot({ path: `${folder}/${name}.png`, animations: "disabled" });
  }
}
