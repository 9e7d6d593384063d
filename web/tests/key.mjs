// A server with a key: the page comes without it, says what it needs, and works once the key is entered.
//   node key.mjs URL KEY
import assert from "node:assert/strict";
import { openBrowser, openPage } from "./browser.mjs";

const [url, key] = process.argv.slice(2);
const browser = await openBrowser();
try {
  const page = await openPage(browser, `${url}/#/models`, { language: "en", guided: true });
  await page.getByRole("alert").filter({ hasText: "The server asks for a key." }).waitFor();
  await page.goto(`${url}/#/settings`);
  await page.getByTestId("key").fill(key);
  await page.goto(`${url}/#/models`);
  await page.locator(".item", { hasText: "light" }).first().waitFor();
  const stored = await page.evaluate(() => JSON.stringify([document.cookie, Object.keys(localStorage)]));
  assert.equal(stored, '["",["yanxing"]]');
} finally {
  await browser.close();
}
