"""Sentences of our own in languages other than English, to be planted as faults."""

from __future__ import annotations

SENTENCES: dict[str, tuple[str, ...]] = {
    "de": (
        "Heute Morgen war der Zug schon wieder zu spät und niemand wusste warum",
        "Ich freue mich sehr auf das Wochenende mit meiner Familie am See",
        "Das Essen in der Kantine war leider kalt und viel zu salzig",
        "Warum muss man für alles dreimal anrufen und dann doch selbst kommen",
    ),
    "es": (
        "Esta mañana el tren llegó tarde otra vez y nadie sabía por qué",
        "Tengo muchas ganas de pasar el fin de semana con mi familia en la playa",
        "La comida del comedor estaba fría y tenía demasiada sal",
        "No entiendo por qué hay que llamar tres veces para cualquier cosa",
    ),
    "fr": (
        "Ce matin le train était encore en retard et personne ne savait pourquoi",
        "Je suis très heureux de passer la fin de semaine avec ma famille à la mer",
        "Le repas de la cantine était froid et beaucoup trop salé",
        "Pourquoi faut-il toujours appeler trois fois avant que quelqu'un réponde",
    ),
    "it": (
        "Questa mattina il treno era di nuovo in ritardo e nessuno sapeva perché",
        "Non vedo l'ora di passare il fine settimana al lago con la mia famiglia",
        "Il cibo della mensa era freddo e aveva troppo sale",
        "Perché bisogna sempre telefonare tre volte prima che qualcuno risponda",
    ),
    "tr": (
        "Bu sabah tren yine geç kaldı ve kimse nedenini bilmiyordu",
        "Hafta sonunu ailemle göl kenarında geçireceğim için çok mutluyum",
        "Yemekhanedeki yemek soğuktu ve çok fazla tuzluydu",
        "Neden her şey için üç kere aramak zorunda kalıyoruz anlamıyorum",
    ),
    "id": (
        "Pagi ini keretanya terlambat lagi dan tidak ada yang tahu kenapa",
        "Saya senang sekali bisa menghabiskan akhir pekan bersama keluarga di danau",
        "Makanan di kantin sudah dingin dan terlalu asin menurut saya",
        "Kenapa kita harus menelepon tiga kali hanya untuk hal kecil seperti ini",
    ),
    "ru": (
        "Сегодня утром поезд снова опоздал и никто не знал почему",
        "Я очень рада провести выходные вместе с семьёй на озере",
        "Еда в столовой была холодной и слишком солёной",
        "Почему нужно звонить три раза прежде чем кто-нибудь ответит",
    ),
    "ar": (
        "تأخر القطار هذا الصباح مرة أخرى ولم يعرف أحد السبب",
        "أنا سعيد جدا بقضاء عطلة نهاية الأسبوع مع عائلتي",
        "كان الطعام في المطعم باردا ومالحا أكثر من اللازم",
        "لماذا يجب أن نتصل ثلاث مرات قبل أن يجيب أحد",
    ),
}
