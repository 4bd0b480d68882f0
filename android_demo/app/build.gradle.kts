import org.jetbrains.kotlin.gradle.dsl.JvmTarget

plugins {
    alias(libs.plugins.android.application)
    alias(libs.plugins.kotlin.android)
}

android {
    // build.sh reads these values too.
    namespace = "org.ttvos.demo"
    compileSdk = 36

    defaultConfig {
        minSdk = 26
        targetSdk = 35
        versionCode = 1
        versionName = "0.1"
    }

    // The shipped models, which are kept once, with the Python package.
    sourceSets["main"].assets.srcDir("../../ttvos_tf/models")

    // Stored as they are: the app maps them into memory.
    androidResources {
        noCompress += "tflite"
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_17
        targetCompatibility = JavaVersion.VERSION_17
    }
}

kotlin {
    compilerOptions {
        jvmTarget = JvmTarget.JVM_17
    }
}

dependencies {
    implementation(project(":core"))
    implementation(libs.litert)
}
