//! Two texts that mean the same name are one name.

use proto::registry::v1::IdentityKind;

use crate::shop::{Shop, identity, person, reason};

#[tokio::test]
async fn each_name_has_one_form() {
    let mut shop = Shop::open().await;
    let table = [
        (IdentityKind::Phone, "", "0912345678", "+886912345678", "＋８８６ 912-345-678"),
        (IdentityKind::Phone, "", "02-8751-8588#123", "+886287518588;ext=123", "(02)8751-8588 分機123"),
        (IdentityKind::Phone, "", "02-8751-8588", "+886287518588", "０２８７５１８５８８"),
        (IdentityKind::Email, "", "Wang.Ming@Example.COM", "wang.ming@example.com", "ｗａｎｇ．ｍｉｎｇ＠example.com"),
        (IdentityKind::Email, "", "info@例子.台灣", "info@xn--fsqu00a.xn--kpry57d", "INFO@XN--FSQU00A.XN--KPRY57D"),
        (IdentityKind::Line, "shop-a", "U4af4980629f0", "U4af4980629f0", "U4af4980629f0"),
        (IdentityKind::Line, "shop-b", "U4af4980629f0", "U4af4980629f0", "U4af4980629f0"),
        (IdentityKind::Card, "gold", "1234 5678 abcd", "12345678ABCD", "1234-5678-ABCD"),
        (IdentityKind::TaxId, "", "04595257", "04595257", "０４５９-５２５７"),
        (IdentityKind::External, "erp", "客戶 42", "客戶 42", "客戶 42"),
    ];
    for (kind, issuer, written, kept, same) in table {
        let enrolled = shop.enrol(person(&[identity(kind, issuer, written)])).await.expect("it is free");
        let member = shop.get(&enrolled.member, &enrolled.freshness).await.expect("there");
        assert_eq!(member.identities[0].value, kept);
        let status = shop.enrol(person(&[identity(kind, issuer, same)])).await.expect_err(same);
        assert_eq!(reason(&status, "member"), ("IDENTITY_TAKEN".to_owned(), enrolled.member), "{same}");
    }
}
