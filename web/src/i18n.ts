// The page's words. Every key stands in both languages; the compiler sees to it.
import { useStore } from "./store.ts";

const en = {
  talk: "Talk", actions: "Actions", models: "Models", teach: "Teach", activity: "Activity", settings: "Settings",
  tagline: "Say it, and it is done.",
  // talk
  speak: "Speak", stop: "Stop", listening: "Listening…", hearing: "I hear you…", understanding: "Understanding…",
  deciding: "Deciding…", acting: "Doing it…", looking: "Looking…",
  typePlaceholder: "Or type what to do…", send: "Send",
  screen: "Screen", look: "Look", lookIn: "Look in 3 s", lookHint: "Time to switch to the window that is meant",
  showAll: "Show everything I can name", nothingSeen: "No picture of the screen yet.",
  noDisplay: "There is no desktop to look at where the server runs. You can still try sentences.",
  pickTarget: "Choose on the screen what is meant", elements: "{n} elements",
  emptyTitle: "What shall I do?", emptyHint: "Press the microphone or hold the space bar, or type. For example:",
  example1: "Send this table to Anna", example2: "Set a timer for ten minutes", example3: "Take a screenshot",
  you: "You", allow: "Allow", change: "Change", no: "No", undo: "Undo", undone: "Undone", apply: "Do this instead",
  cancel: "Cancel", remember: "Remember this for training", remembered: "Kept as a sample",
  risky: "needs your yes", safe: "safe", forbidden: "not allowed", sure: "{p} % sure", tier: "tier",
  tierLight: "small model", tierLarge: "large model", tierRemote: "remote", tierUser: "you",
  done: "done", queued: "queued", failed: "failed", refused: "refused", asked: "asked", dry_run: "not done",
  question: "a question", nothing: "nothing to do", action: "Action", total: "{time} in all",
  see: "see", asr: "hear", prepare: "prepare", prefill: "read", decode: "decide", act: "act", timings: "Stage times",
  micDenied: "The microphone may not be used: allow it in the browser's address bar, or type instead.",
  micMissing: "No microphone was found. You can type instead.",
  micInsecure: "Browsers give the microphone only to pages over https or on 127.0.0.1. You can type instead.",
  connectionLost: "The connection to the server was lost.", nothingHeard: "I heard no words.",
  shortcuts: "Space: speak · Enter: send · Y: allow · C: change · N: no",
  clear: "Clear",
  // actions
  actionsIntro: "What can be spoken. An action is one JSON file; yours are kept apart from those that came with yanxing.",
  tryIt: "Try a sentence", tryHint: "Shows the decision; nothing is done.", tryButton: "Try",
  newAction: "New action", edit: "Edit", view: "View", save: "Save", saved: "Saved", own: "yours", remove: "Remove",
  removeSure: "Remove this action of yours?", arguments: "Arguments", required: "required", optional: "optional",
  notJson: "This is not JSON: {e}", how: "runs as", commandNote: "It starts a program on this machine. Save it only if you know what it does.",
  // models
  modelsIntro: "What is here and what can be fetched. Files are checked by their sha256.",
  tiers: "Tiers", catalog: "Catalog", installed: "here", pull: "Fetch", pulling: "fetching", loaded: "in memory",
  load: "Load", unload: "Unload", licence: "licence", context: "{n} tokens of context", byDefault: "needed at first",
  // teach
  teachIntro: "Samples say what was said, what was on the screen, and what is right. A fine-tune learns from them.",
  samples: "Samples", noSamples: "No samples yet. Make some, upload a file, or put a turn right and keep it.",
  makeSamples: "Make samples", count: "How many", upload: "Upload .jsonl", find: "Find", rows: "{n} rows",
  train: "Fine-tune", dataset: "Samples", steps: "Steps", rank: "LoRA rank", rate: "Learning rate", start: "Start",
  noTraining: "This build has no training. Run scripts/setup.sh --train and start the server again.",
  loss: "Loss", jobs: "Work", noJobs: "Nothing is under way.", running: "running", cancelled: "cancelled",
  previous: "Earlier", next: "Later", trained: "The adapter is in the state folder under training/{name}.",
  // activity
  activityIntro: "What was done from this page, on this machine only, and what is heard and decided right now.",
  journal: "Done", live: "Live", noActivity: "Nothing was done yet.", forget: "Forget all", forgetSure: "Forget everything that was done?",
  waitingForTurns: "Waiting for turns…", heard: "heard", decided: "decided", said: "said", did: "did",
  // settings
  settingsIntro: "Those of this page are kept in this browser; those of the server in its config.toml.",
  ofPage: "This page", ofServer: "The server", language: "Language", theme: "Appearance", system: "As the system",
  light: "Light", dark: "Dark", key: "API key", keyHint: "Only where the server asks for one. Kept in this browser.",
  show: "Show", hide: "Hide", spokenReplies: "Speak replies", autoSafe: "Do safe actions at once",
  autoSafeHint: "Risky ones always wait for your yes.", handsFree: "Keep listening", handsFreeHint: "The microphone stays open between commands.",
  spokenLanguage: "Spoken language", auto: "Either", voiceZh: "Mandarin voice", voiceEn: "English voice", listen: "Listen",
  useLarge: "Ask the large tier where the small one is unsure", lightTier: "Light tier", largeTier: "Large tier",
  endpoint: "Silence that ends a command (ms)", threads: "Threads of each engine (0: automatic)",
  mailTo: "Mail goes to", restart: "The server takes these up at its next start.", guideAgain: "Show the guide again",
  file: "File",
  // guide
  welcome: "Welcome", welcomeText: "You look at the screen and say what should happen. yanxing hears, looks, decides, asks where it must, and acts: on your own machine.",
  guideServer: "Server", guideModels: "Models", guideDesktop: "Desktop", guideMic: "Microphone",
  ok: "ready", checking: "checking…", missing: "missing: {what}", notTried: "not tried yet", testMic: "Try the microphone",
  guidePrivacy: "Nothing leaves this machine but the mail you send and the devices you name. Nothing risky runs without your yes.",
  begin: "Begin", close: "Close", toModels: "Fetch models", enterKey: "Enter the key",
  // errors
  needsKey: "The server asks for a key.", unreachable: "The server does not answer.", retry: "Try again",
  skip: "Skip to content", menu: "Pages",
};

const zh: Record<keyof typeof en, string> = {
  talk: "对话", actions: "动作", models: "模型", teach: "教学", activity: "记录", settings: "设置",
  tagline: "言出，即行。",
  speak: "说话", stop: "停止", listening: "请说……", hearing: "在听……", understanding: "正在辨认……",
  deciding: "正在判断……", acting: "正在执行……", looking: "正在看屏幕……",
  typePlaceholder: "也可以打字……", send: "发送",
  screen: "屏幕", look: "看一眼", lookIn: "3 秒后看", lookHint: "留出时间切换到要操作的窗口",
  showAll: "显示所有能叫出名字的元素", nothingSeen: "还没有屏幕画面。",
  noDisplay: "服务器所在的机器没有桌面可看，但仍可以试句子。",
  pickTarget: "请在画面上选择目标", elements: "{n} 个元素",
  emptyTitle: "要我做什么？", emptyHint: "按下麦克风或按住空格键说话，也可以打字。例如：",
  example1: "把这个表格发给李经理", example2: "设一个十分钟的定时器", example3: "截个屏",
  you: "你", allow: "允许", change: "修改", no: "不要", undo: "撤销", undone: "已撤销", apply: "按此执行",
  cancel: "取消", remember: "记住，用于训练", remembered: "已存为样本",
  risky: "需要你同意", safe: "安全", forbidden: "不允许", sure: "把握 {p}%", tier: "层级",
  tierLight: "小模型", tierLarge: "大模型", tierRemote: "远程", tierUser: "你",
  done: "已完成", queued: "待发送", failed: "失败", refused: "已拒绝", asked: "待确认", dry_run: "未执行",
  question: "需要回答", nothing: "无需操作", action: "动作", total: "共 {time}",
  see: "看", asr: "听", prepare: "准备", prefill: "读", decode: "判断", act: "执行", timings: "各阶段用时",
  micDenied: "无法使用麦克风：请在浏览器地址栏中允许，或改用打字。",
  micMissing: "没有找到麦克风，可以打字。",
  micInsecure: "浏览器只允许 https 或 127.0.0.1 的页面使用麦克风，可以打字。",
  connectionLost: "与服务器的连接断开了。", nothingHeard: "没有听到话。",
  shortcuts: "空格：说话 · 回车：发送 · Y：允许 · C：修改 · N：不要",
  clear: "清空",
  actionsIntro: "能用话说出来的事。一个动作就是一个 JSON 文件；你自己的与自带的分开存放。",
  tryIt: "试一句话", tryHint: "只显示判断结果，什么也不做。", tryButton: "试试",
  newAction: "新动作", edit: "编辑", view: "查看", save: "保存", saved: "已保存", own: "自己的", remove: "删除",
  removeSure: "要删除你自己的这个动作吗？", arguments: "参数", required: "必填", optional: "可选",
  notJson: "不是 JSON：{e}", how: "执行方式", commandNote: "它会在本机启动程序。清楚它做什么再保存。",
  modelsIntro: "已有的和可以获取的模型。文件以 sha256 校验。",
  tiers: "层级", catalog: "目录", installed: "已安装", pull: "获取", pulling: "正在获取", loaded: "在内存中",
  load: "载入", unload: "卸下", licence: "许可", context: "上下文 {n} 词元", byDefault: "首次必需",
  teachIntro: "样本写明说了什么、屏幕上有什么、怎样做才对。微调从中学习。",
  samples: "样本", noSamples: "还没有样本。可以生成、上传，或把一次对话改正后保存。",
  makeSamples: "生成样本", count: "数量", upload: "上传 .jsonl", find: "查找", rows: "{n} 行",
  train: "微调", dataset: "样本", steps: "步数", rank: "LoRA 秩", rate: "学习率", start: "开始",
  noTraining: "此版本不含训练。请运行 scripts/setup.sh --train 后重启服务器。",
  loss: "损失", jobs: "任务", noJobs: "没有进行中的任务。", running: "进行中", cancelled: "已取消",
  previous: "上一页", next: "下一页", trained: "适配器在状态文件夹的 training/{name} 中。",
  activityIntro: "从本页做过的事（只存在本机），以及此刻听到和判断的内容。",
  journal: "做过的事", live: "实时", noActivity: "还没有做过什么。", forget: "全部忘记", forgetSure: "要忘记所有做过的事吗？",
  waitingForTurns: "等待对话……", heard: "听到", decided: "判断", said: "说", did: "执行",
  settingsIntro: "本页的设置存在此浏览器中；服务器的设置写在它的 config.toml 中。",
  ofPage: "本页", ofServer: "服务器", language: "语言", theme: "外观", system: "跟随系统",
  light: "浅色", dark: "深色", key: "API 密钥", keyHint: "仅当服务器要求时需要，存在此浏览器中。",
  show: "显示", hide: "隐藏", spokenReplies: "朗读回复", autoSafe: "安全的动作立即执行",
  autoSafeHint: "有风险的动作总要等你同意。", handsFree: "持续聆听", handsFreeHint: "两次指令之间麦克风保持打开。",
  spokenLanguage: "说话的语言", auto: "自动", voiceZh: "中文声音", voiceEn: "英文声音", listen: "试听",
  useLarge: "小模型没有把握时问大模型", lightTier: "轻量层", largeTier: "大模型层",
  endpoint: "多长的静默算说完（毫秒）", threads: "每个引擎的线程数（0：自动）",
  mailTo: "邮件发往", restart: "服务器下次启动时生效。", guideAgain: "再看一次引导",
  file: "文件",
  welcome: "欢迎", welcomeText: "看着屏幕，说出要做的事。言行会听、会看、会判断，该问就问，然后动手：全在你自己的机器上。",
  guideServer: "服务器", guideModels: "模型", guideDesktop: "桌面", guideMic: "麦克风",
  ok: "就绪", checking: "检查中……", missing: "缺少：{what}", notTried: "还没试过", testMic: "试试麦克风",
  guidePrivacy: "除了你发出的邮件和你指定的设备，什么都不会离开本机。没有你的同意，不做任何有风险的事。",
  begin: "开始", close: "关闭", toModels: "获取模型", enterKey: "输入密钥",
  needsKey: "服务器要求密钥。", unreachable: "服务器没有回应。", retry: "重试",
  skip: "跳到内容", menu: "页面",
};

export type Word = keyof typeof en;
export type Translate = (word: Word, values?: Record<string, string | number>) => string;

export function useWords(): Translate {
  const { language } = useStore();
  return translator(language);
}

export function translator(language: "zh" | "en"): Translate {
  const words = language === "zh" ? zh : en;
  return (word, values = {}) => words[word].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

// "light" is also an appearance, so tiers have words of their own.
export function tierWord(translate: Translate, tier: string): string {
  return wordFor(translate, `tier${tier.charAt(0).toUpperCase()}${tier.slice(1)}`).replace(/^tier/, "");
}

// A word for what the server names; names it does not know stay as they are.
export function wordFor(translate: Translate, name: string): string {
  return Object.hasOwn(en, name) ? translate(name as Word) : name;
}
