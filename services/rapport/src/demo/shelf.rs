//! What the demo shop sells, and where.

use proto::activity::v1::Product;

/// A thing on the shelf.
#[derive(Clone, Copy, Debug)]
pub struct Thing {
    /// The shop's code.
    pub code: &'static str,
    /// What people read.
    pub name: &'static str,
    /// Place of its category.
    pub category: usize,
    /// In whole dollars.
    pub price: i64,
    /// In whole dollars.
    pub cost: i64,
}

/// Categories, from the widest to the narrowest.
pub const CATEGORIES: [&str; 7] =
    ["飲品/茶", "飲品/咖啡", "食品/點心", "居家/香氛", "居家/廚房", "生活/文具", "保養/身體"];

/// How likely somebody without a taste of their own reaches for each category.
pub const DEMAND: [u32; 7] = [22, 20, 24, 9, 8, 9, 8];

/// Stores, the oldest first.
pub const STORES: [&str; 6] = ["台北信義店", "台北中山店", "新北板橋店", "台中公益店", "台南中西店", "高雄左營店"];

/// How many people live near each.
pub const STORE_SIZES: [u32; 6] = [28, 20, 18, 14, 9, 11];

/// Channels, as orders name them.
pub const CHANNELS: [&str; 4] = ["store", "web", "app", "line"];

const fn thing(code: &'static str, name: &'static str, category: usize, price: i64, cost: i64) -> Thing {
    Thing { code, name, category, price, cost }
}

/// Everything on the shelf, category by category.
pub const THINGS: [Thing; 42] = [
    thing("T-0101", "阿里山高山烏龍茶 75g", 0, 480, 190),
    thing("T-0102", "東方美人茶 50g", 0, 780, 330),
    thing("T-0103", "日月潭紅玉紅茶 60g", 0, 420, 160),
    thing("T-0104", "文山包種茶 75g", 0, 360, 130),
    thing("T-0105", "蜜香紅茶 立體茶包 12入", 0, 260, 95),
    thing("T-0106", "玄米煎茶 茶包 20入", 0, 180, 62),
    thing("T-0107", "凍頂烏龍 禮盒 150g×2", 0, 1680, 720),
    thing("C-0201", "阿里山水洗 咖啡豆 227g", 1, 560, 240),
    thing("C-0202", "古坑日曬 咖啡豆 227g", 1, 620, 270),
    thing("C-0203", "淺焙 濾掛咖啡 10入", 1, 320, 118),
    thing("C-0204", "中焙 濾掛咖啡 10入", 1, 300, 110),
    thing("C-0205", "冷萃咖啡 6瓶", 1, 540, 225),
    thing("C-0206", "低因咖啡豆 227g", 1, 640, 290),
    thing("S-0301", "鳳梨酥 8入", 2, 320, 120),
    thing("S-0302", "蛋捲 禮盒", 2, 380, 150),
    thing("S-0303", "黑糖麻糬 10入", 2, 180, 66),
    thing("S-0304", "海鹽堅果 180g", 2, 240, 105),
    thing("S-0305", "芒果乾 120g", 2, 160, 58),
    thing("S-0306", "牛軋糖 250g", 2, 220, 84),
    thing("S-0307", "抹茶費南雪 6入", 2, 330, 128),
    thing("S-0308", "年節綜合禮盒", 2, 1280, 540),
    thing("H-0401", "檜木 擴香瓶 120ml", 3, 880, 310),
    thing("H-0402", "柚子 香氛蠟燭", 3, 680, 230),
    thing("H-0403", "線香 茶園 60支", 3, 420, 130),
    thing("H-0404", "衣物香氛袋 3入", 3, 290, 90),
    thing("H-0405", "擴香補充瓶 200ml", 3, 620, 190),
    thing("K-0501", "手沖壺 600ml", 4, 1480, 690),
    thing("K-0502", "陶瓷茶杯 2入", 4, 580, 220),
    thing("K-0503", "咖啡濾紙 100入", 4, 120, 38),
    thing("K-0504", "竹製茶盤", 4, 980, 420),
    thing("K-0505", "玻璃茶壺 500ml", 4, 760, 310),
    thing("K-0506", "電動磨豆機", 4, 2480, 1320),
    thing("P-0601", "再生紙筆記本 A5", 5, 150, 48),
    thing("P-0602", "鋼珠筆 0.5 三色組", 5, 210, 76),
    thing("P-0603", "月曆 手繪台灣", 5, 360, 120),
    thing("P-0604", "紙膠帶 山系列 4入", 5, 190, 62),
    thing("P-0605", "卡片組 12入", 5, 240, 70),
    thing("B-0701", "茶籽 沐浴露 500ml", 6, 380, 135),
    thing("B-0702", "米糠 手工皂 3入", 6, 330, 105),
    thing("B-0703", "苦茶油 護髮 100ml", 6, 450, 170),
    thing("B-0704", "艾草 護手霜 50ml", 6, 280, 92),
    thing("B-0705", "紫草 潤膚膏 30g", 6, 250, 84),
];

/// The shelf as the suite keeps it.
pub fn products() -> Vec<Product> {
    let product = |thing: &Thing| Product {
        code: thing.code.to_owned(),
        display_name: thing.name.to_owned(),
        category: CATEGORIES[thing.category].to_owned(),
        unit_cost: thing.cost.to_string(),
        update_time: None,
    };
    THINGS.iter().map(product).collect()
}

/// Places of the things in a category.
pub fn in_category(category: usize) -> Vec<usize> {
    THINGS.iter().enumerate().filter(|(_, thing)| thing.category == category).map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn everything_sells_above_its_cost_under_a_code_of_its_own() {
        assert!(THINGS.iter().all(|thing| thing.price > thing.cost && thing.cost > 0));
        let codes: BTreeSet<&str> = THINGS.iter().map(|thing| thing.code).collect();
        assert_eq!(codes.len(), THINGS.len());
        assert!((0..CATEGORIES.len()).all(|category| in_category(category).len() >= 5));
    }
}
